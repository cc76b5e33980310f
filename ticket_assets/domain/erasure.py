"""Erasure: what a forgotten ticket leaves behind, and how its traces are told from those of others. Pure."""

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple
from urllib.parse import quote_plus

from pydantic import BaseModel, TypeAdapter, ValidationError

from ticket_assets.domain.intake import Rejected, object_key, whole
from ticket_assets.domain.models import TicketId
from ticket_assets.domain.quarantine import Reason

# Also inside a JSON text that is itself a text of a JSON: there each quote has backslashes before it.
FIELD = re.compile(r'\\*"(ticket_id|customer_id)\\*"\s*:\s*\\*"([^"\\]*)')
WORD = re.compile(r"[A-Za-z0-9._-]+")
ESCAPE = re.compile(r"\\+(?:[bfnrt]|u[0-9a-fA-F]{4})")
TICKET_ID = TypeAdapter(TicketId)


class Tombstone(BaseModel):
    """All that is kept of a forgotten ticket, in place of its record and of its item; the time is ISO 8601 in UTC."""

    ticket_id: str
    forgotten_at: str


class Wanted(NamedTuple):
    """Whose traces are looked for: tickets by their objects' keys, and a customer's, where one is named."""

    keys: frozenset[str]
    customer: str | None = None

    @property
    def ids(self) -> set[str]:
        """The tickets' ids."""
        return {key.removesuffix(".json") for key in self.keys}

    def owns(self, body: bytes) -> bool:
        """Whether a raw object's bytes, valid or not, say that it is one of these tickets or this customer's."""
        text = body.decode("utf-8-sig", errors="replace")
        try:
            ticket = json.loads(text)
        except (ValueError, RecursionError):
            return self.claimed_in(text)
        return isinstance(ticket, dict) and self._claims(ticket.items())

    def claimed_in(self, text: str) -> bool:
        """Whether a JSON field anywhere in `text` names one of them; in texts within it too, and in what is no JSON."""
        return self._claims(FIELD.findall(text)) or any(self._claims(made.items()) for made in _objects_in(text))

    def keyed_in(self, text: str) -> bool:
        """Whether `text` names one of the objects by its key, as S3's events do."""
        odd = (key for key in self.keys if not WORD.fullmatch(key))
        return not self.keys.isdisjoint(_words(text)) or any(
            key in text or quote_plus(key, safe="/") in text for key in odd
        )

    def mentioned_in(self, text: str) -> bool:
        """Whether `text` speaks of one of them in any way, as an error's message may."""
        words = {word.rstrip(".") for word in _words(text)}
        return not words.isdisjoint(self.ids) or self.keyed_in(text) or bool(self.customer and self.customer in text)

    def columns(self) -> dict[str, set[str]]:
        """By which texts of which columns a row is theirs."""
        return {
            "ticket_id": self.ids,
            "key": set(self.keys),
            "customer_id": set() if self.customer is None else {self.customer},
        }

    def _claims(self, fields: Iterable[tuple[str, object]]) -> bool:
        return any(
            (name == "ticket_id" and isinstance(value, str) and object_key(value) in self.keys)
            or (name == "customer_id" and self.customer is not None and value == self.customer)
            for name, value in fields
        )


def is_ticket_id(text: str) -> bool:
    """Whether a ticket may have this id."""
    try:
        TICKET_ID.validate_python(text)
    except ValidationError:
        return False
    return True


def forgotten(key: str, at: str) -> Rejected:
    """The outcome for an object of a ticket that was forgotten: its bytes are not even read."""
    name = key.removesuffix(".json")
    remedy = f"`tickets forget {name}` removes this version too, `tickets forget --lift {name}` lets it in again"
    return Rejected(Reason.FORGOTTEN, [whole(f"the ticket was forgotten at {at}: {remedy}")])


def _objects_in(text: str) -> Iterator[dict]:
    """Every JSON object in `text`, also those inside texts of it that are JSON themselves, as queue messages are."""
    unseen: list[object] = [text]
    while unseen:
        value = unseen.pop()
        if isinstance(value, str) and value.lstrip().startswith(("{", "[")):
            with suppress(ValueError, RecursionError):
                unseen.append(json.loads(value))
        elif isinstance(value, dict):
            yield value
            unseen += value.values()
        elif isinstance(value, list):
            unseen += value


def _words(text: str) -> set[str]:
    return set(WORD.findall(ESCAPE.sub(" ", text)))
