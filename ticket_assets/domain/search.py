"""What the search index keeps of a record to list and to filter it, and which tickets a search asks for. Pure."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from ticket_assets.domain.items import table_item
from ticket_assets.domain.models import EnrichedTicket

KEY, CUSTOMER = "ticket_id", "customer_id"
TEXT = "subject"  # whose words are indexed
DEPTH = 50  # of each of the rankings that are fused
RRF = 60
LABELS = ("urgency", "sentiment", "intent")
# What a list shows, in this order.
LISTED = (
    KEY,
    "created_at",
    *(name for label in LABELS for name in (label, f"{label}_confidence")),
    CUSTOMER,
    "subject",
    "summary",
    "model_version",
)


class Filters(NamedTuple):
    """What a ticket must be to be found; `since` in Unix seconds. None leaves it open."""

    urgency: str | None = None
    intent: str | None = None
    sentiment: str | None = None
    customer: str | None = None
    since: int | None = None


def fused(rankings: Iterable[Sequence[dict[str, Any]]]) -> list[dict[str, Any]]:
    """One ranking of several of rows: each gives a row 1 / (60 + its place), the sum is the row's `score`.

    Reciprocal rank fusion (Cormack, Clarke & Büttcher 2009). A row at the head of two rankings has 2 / 61.
    """
    found: dict[str, dict[str, Any]] = {}
    for ranking in rankings:
        for place, row in enumerate(ranking, 1):
            known = found.setdefault(row[KEY], {**row, "score": 0.0})
            known["score"] += 1 / (RRF + place)
    return sorted(found.values(), key=lambda row: -row["score"])


def listed(ticket: EnrichedTicket, batch: str) -> dict[str, Any]:
    """The row's fields that lists show and filters ask, within the limits of the table's item."""
    item = table_item(ticket, batch).model_dump()
    return {name: item[name] for name in LISTED}


def embedder_of(model_version: str) -> str:
    """The version of the embedder that made a record's vector, as the models' version names it after the profile."""
    return model_version.split("/")[1] if "/" in model_version else model_version


def table_name(embedder: str) -> str:
    """The table of vectors that can be compared: those of one embedder."""
    return f"tickets-{hashlib.sha256(embedder.encode()).hexdigest()[:8]}"
