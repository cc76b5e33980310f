"""The texts of the tickets, as users edit them in `texts/*.toml`: reading and shape only, no chance and no wording.

One file an intent (its name is the intent), `incidents.toml` for incidents that several customers report, and
`common.toml` for what all tickets share.
"""

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

INTENTS = (
    "login_issue",
    "payment_issue",
    "bug_report",
    "feature_request",
    "account_management",
    "performance_issue",
    "security_concern",
    "data_request",
    "integration_help",
    "general_inquiry",
)
Choices = Mapping[str, list[str]]


@dataclass(frozen=True)
class Template:
    """One way to write a ticket; `subjects` are alternatives, `details` further paragraphs that fit it."""

    intent: str
    urgency: str
    mood: str
    subjects: list[str]
    body: str
    source: str | None
    details: list[str]


@dataclass(frozen=True)
class Incident:
    """One thing that went wrong, in the words of several customers."""

    key: str
    tellings: list[Template]


@dataclass(frozen=True)
class Texts:
    """Everything in `texts/`; greetings and closings are listed by mood."""

    templates: list[Template]
    incidents: list[Incident]
    slots: Choices
    greetings: Choices
    closings: Choices
    slips: Mapping[str, str]
    tags: list[str]


@functools.cache
def load() -> Texts:
    """The texts of this package. Raises KeyError where a template lacks a field."""
    common = _read("common")
    return Texts(
        templates=[template for intent in INTENTS for template in _templates(intent)],
        incidents=[_incident(entry) for entry in _read("incidents")["incidents"]],
        slots=common["slots"],
        greetings=common["greetings"],
        closings=common["closings"],
        slips=common["slips"],
        tags=common["tags"],
    )


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((files("ticket_generator") / "texts" / f"{name}.toml").read_text(encoding="utf-8"))


def _templates(intent: str) -> list[Template]:
    file = _read(intent)
    return [
        _template(entry, intent, entry["urgency"], file["details"] if entry.get("details", True) else [])
        for entry in file["templates"]
    ]


def _incident(entry: Mapping[str, Any]) -> Incident:
    tellings = [_template(telling, entry["intent"], entry["urgency"], []) for telling in entry["tellings"]]
    return Incident(entry["key"], tellings)


def _template(entry: Mapping[str, Any], intent: str, urgency: str, details: list[str]) -> Template:
    return Template(
        intent, urgency, entry["mood"], entry["subjects"], entry["body"].strip(), entry.get("source"), details
    )
