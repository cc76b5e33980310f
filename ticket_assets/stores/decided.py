"""What people decided of a ticket's labels, as readers of its item are told. Loads no Dagster."""

from typing import Any, NamedTuple

from resources.attributes import from_item, to_item
from resources.corrections import COMPUTED, HISTORY, VALUES, computed_item, history, in_force
from ticket_assets.domain.classification import explicit_urgency
from ticket_assets.domain.search import LABELS


class Decided(NamedTuple):
    """A person's decision on a label: when, in UTC, and what the models, or the producer, say `instead`."""

    when: str
    instead: str


def decided(item: dict[str, Any]) -> dict[str, Decided]:
    """By label, the decisions of people that are in force."""
    stored = to_item({name: item[name] for name in (HISTORY, COMPUTED) if name in item})
    decisions, computed = history([stored]), from_item(computed_item(stored))
    times = {name: one["M"]["at"]["S"] for one in decisions for name in one["M"].get(VALUES, {"M": {}})["M"]}
    return {
        name: Decided(_said(times[name]), _instead(name, computed, item))
        for name in LABELS
        if name in in_force(decisions)
    }


def _said(at: str) -> str:
    return at.replace("T", " ").replace("Z", " UTC")


def _instead(name: str, computed: dict[str, Any], item: dict[str, Any]) -> str:
    if name == "urgency" and explicit_urgency(item.get("priority")):
        return f"the producer says {computed[name]}"
    return f"the models say {computed[name]} ({computed[f'{name}_confidence']:.2f})"
