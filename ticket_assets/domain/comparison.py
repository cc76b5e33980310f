"""What other models say of tickets that are enriched already: which labels change, how surely, with examples. Pure."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import BaseModel, Field

from ticket_assets.domain.models import SENSITIVE, EnrichedTicket

LABELS = ("intent", "urgency", "sentiment")
Z_95 = 1.96  # standard deviations within which 95 % of a normal distribution lie


class Label(NamedTuple):
    """A label and the confidence in it."""

    value: str
    confidence: float


class Change(NamedTuple):
    """One label of a ticket as it is stored, and as the models say today."""

    before: Label
    after: Label


class Compared(BaseModel):
    """One ticket: the version that its item was made by, and what would change."""

    ticket_id: str
    made_by: str
    subject: str = Field(json_schema_extra=SENSITIVE)
    changes: dict[str, Change]
    summary_changes: bool


class Share(NamedTuple):
    """A part of a sample, and between which shares the part of all tickets lies, 95 times of a hundred."""

    changed: int
    total: int
    low: float
    high: float


def compared(item: Mapping[str, Any], made: EnrichedTicket, summary: str) -> Compared:
    """The stored item beside what was made of the same ticket now; `summary` is the new one as an item holds it.

    Where a person decided, what the models had said is compared: the decision stays, whatever they say now.
    """
    item, new = {**item, **item.get("computed", {})}, made.enrichment
    pairs = {
        name: Change(
            Label(item[name], item[f"{name}_confidence"]), Label(getattr(new, name), getattr(new, f"{name}_confidence"))
        )
        for name in LABELS
    }
    return Compared(
        ticket_id=made.ticket_id,
        made_by=item["model_version"],
        subject=made.subject,
        changes={name: pair for name, pair in pairs.items() if pair.before.value != pair.after.value},
        summary_changes=item["summary"] != summary,
    )


def moves(found: Sequence[Compared], label: str) -> list[tuple[str, str, int]]:
    """How often the label changes from one value to another, most frequent first."""
    changes = [ticket.changes[label] for ticket in found if label in ticket.changes]
    counts = Counter((change.before.value, change.after.value) for change in changes)
    return [(before, after, count) for (before, after), count in counts.most_common()]


def surest(found: Sequence[Compared], label: str, most: int) -> list[Compared]:
    """The tickets whose label changes, those first of which the stored and the new label were the surest."""
    changed = [ticket for ticket in found if label in ticket.changes]
    return sorted(changed, key=lambda ticket: -_sureness(ticket.changes[label]))[:most]


def share(count: int, total: int) -> Share:
    """Wilson's score interval (E. B. Wilson, 1927), which holds for small samples and shares near 0 too."""
    if not total:
        return Share(0, 0, 0.0, 1.0)
    part, square = count / total, Z_95 * Z_95
    middle = part + square / (2 * total)
    spread = Z_95 * math.sqrt(part * (1 - part) / total + square / (4 * total * total))
    low, high = ((middle + sign * spread) / (1 + square / total) for sign in (-1, 1))
    return Share(count, total, max(0.0, low), min(1.0, high))


def _sureness(change: Change) -> float:
    return min(change.before.confidence, change.after.confidence)
