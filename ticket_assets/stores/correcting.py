"""A person's decision on a ticket's labels, or its undoing: onto the ticket's item, then into the search index."""

import shlex
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from resources.corrections import computed_item, entry, history, with_history
from resources.display import plain
from resources.dynamodb import DynamoDBTable, Item, to_item
from resources.object_store import S3ObjectStore, WriteConflict
from resources.ordering import Outcome, retried
from ticket_assets.domain.batches import iso
from ticket_assets.domain.doubts import SETTLED_BY
from ticket_assets.domain.erasure import is_ticket_id
from ticket_assets.domain.intake import object_key
from ticket_assets.settings import Settings
from ticket_assets.stores.indexing import index_records
from ticket_assets.stores.search_index import SearchIndex
from ticket_assets.stores.standing import standing
from ticket_assets.stores.taxonomy import known_labels
from ticket_assets.stores.tombstones import is_tombstone_item


class NotDecided(RuntimeError):
    """Nothing was written; the message says why, and what to do."""


class NoSuchTicket(NotDecided):
    """The ticket has no item."""


class NoSuchLabel(NotDecided):
    """The label is not one of its kind's, or labels stand beside an undo."""


class BeingWritten(NotDecided):
    """Others wrote the item each time that it was tried."""


def items_table(settings: Settings) -> DynamoDBTable:
    """The table that keeps the decisions."""
    return DynamoDBTable(name=settings.table, hash_key="ticket_id", range_key="created_at")


def correct_ticket(
    settings: Settings, ticket_id: str, labels: Mapping[str, str], explain: Callable[[Exception], str | None]
) -> str | None:
    """Decide, and let searches know; no labels undo all earlier decisions. Raises NotDecided.

    The decision stands whether searches know or not: where they do not, for a reason `explain` knows, a line says so.
    """
    check_labels(settings, labels)
    table = items_table(settings)
    decide(table, ticket_id, labels)
    try:
        _index(settings, table, ticket_id)
    except Exception as error:
        if (why := explain(error)) is None:
            raise
        return f"decided; searches show what was before until the ticket is enriched again, or `tickets reindex`: {why}"
    return None


def check_labels(settings: Settings, labels: Mapping[str, str], *, undo: bool = False) -> None:
    """Raises NoSuchLabel where a label is none of its kind's, or where an undo comes with labels."""
    if undo and labels:
        raise NoSuchLabel("an undo takes no labels: undo first, then correct anew")
    known = known_labels(settings)
    for name, label in labels.items():
        if label not in known[name]:
            raise NoSuchLabel(f"{label!r} is no {name}: choose one of {', '.join(known[name])}")


def decide(table: DynamoDBTable, ticket_id: str, labels: Mapping[str, str]) -> None:
    """Append a decision to the ticket's item; no labels undo all earlier ones. Raises NotDecided."""
    values = {name: value for n, label in labels.items() for name, value in ((n, label), (f"{n}_confidence", 1.0))}
    one = entry(iso(datetime.now(UTC)), to_item(values))

    def attempt() -> Outcome:
        newest, *older = standing_items(table, ticket_id)
        decisions = [*history([newest, *older]), one]
        table.put(with_history(computed_item(newest), decisions, SETTLED_BY), newest)
        return Outcome.WRITTEN

    try:
        retried(attempt)
    except WriteConflict:
        raise BeingWritten(f"{ticket_id} is being written over and over: try again") from None


def standing_items(table: DynamoDBTable, ticket_id: str) -> list[Item]:
    """The ticket's items, newest first: two while a run moves it. Raises NoSuchTicket without any, or if forgotten."""
    there = table.items(ticket_id) if is_ticket_id(ticket_id) else []
    found = [item for item in there if "stamp" in item and not is_tombstone_item(item)]
    if not found:
        named = plain(ticket_id)  # it may be what a stranger typed, and is shown as a command
        raise NoSuchTicket(f"{named} has no item: `tickets where {shlex.quote(named)}` tells where it is")
    return sorted(found, key=lambda item: item["stamp"]["S"], reverse=True)


def _index(settings: Settings, table: DynamoDBTable, ticket_id: str) -> None:
    raw, records = S3ObjectStore(bucket=settings.raw_bucket), S3ObjectStore(bucket=settings.enriched_bucket)
    # A person waits: the next batch tends the table.
    found = standing(records, [object_key(ticket_id)])
    index_records(SearchIndex(settings.pipeline_bucket), table, raw, found, tend=False)
