"""`tickets correct`: a person's decision on a ticket's labels, which wins over every later run, and its undoing."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

from resources.aws import require_endpoint
from resources.corrections import VALUES, computed_item, entry, history, in_force, with_history
from resources.dynamodb import DynamoDBTable, Item, from_item, to_item
from resources.object_store import S3ObjectStore, WriteConflict
from resources.ordering import Outcome, retried
from ticket_assets.domain.batches import iso
from ticket_assets.domain.classification import SENTIMENTS, URGENCIES
from ticket_assets.domain.doubts import LABELS, SETTLED_BY
from ticket_assets.domain.intake import object_key
from ticket_assets.settings import Settings, load_settings
from ticket_assets.stores.indexing import index_records
from ticket_assets.stores.search_index import SearchIndex
from ticket_assets.stores.taxonomy import intents
from ticket_assets.stores.tombstones import is_tombstone_item
from tickets_cli.mendable import mendable
from tickets_cli.processes import ProcessFailed
from tickets_cli.terminal import console, plain_errors


def correct(
    ticket_id: Annotated[str, typer.Argument(metavar="ID", help="The ticket's id.")],
    intent: Annotated[str | None, typer.Option(help="One of intent.yaml's labels.")] = None,
    urgency: Annotated[str | None, typer.Option(help="critical, high, medium or low.")] = None,
    sentiment: Annotated[str | None, typer.Option(help="POSITIVE, NEGATIVE or NEUTRAL.")] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Back to what the models say; the history stays.")] = False,
) -> None:
    """Set a ticket's labels by hand, or without an option show what was decided of them.

    Example: tickets correct TKT-1 --intent payment_issue --urgency high
    """
    with plain_errors():
        settings = load_settings()
        given = {"intent": intent, "urgency": urgency, "sentiment": sentiment}
        decided = {name: label for name, label in given.items() if label is not None}
        _check(settings, decided, undo)
        require_endpoint()
        table = DynamoDBTable(name=settings.table, hash_key="ticket_id", range_key="created_at")
        if decided or undo:
            decide(table, ticket_id, decided)
            _index(settings, table, ticket_id)
        _show(settings, standing_items(table, ticket_id)[0])


def decide(table: DynamoDBTable, ticket_id: str, labels: dict[str, str]) -> None:
    """Append a decision to the ticket's item; no labels undo all earlier ones. Raises ProcessFailed without an item."""
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
        raise ProcessFailed(f"{ticket_id} is being written over and over: try again") from None


def standing_items(table: DynamoDBTable, ticket_id: str) -> list[Item]:
    """The ticket's items, newest first: two while a run moves it. Raises ProcessFailed without any, or if forgotten."""
    found = [item for item in table.items(ticket_id) if "stamp" in item and not is_tombstone_item(item)]
    if not found:
        raise ProcessFailed(f"{ticket_id} has no item: `tickets where {ticket_id}` tells where it is")
    return sorted(found, key=lambda item: item["stamp"]["S"], reverse=True)


def _index(settings: Settings, table: DynamoDBTable, ticket_id: str) -> None:
    """Let searches know of the decision, which stands whether they do or not."""
    from ticket_assets.assets.ticket_metadata import standing

    raw, records = S3ObjectStore(bucket=settings.raw_bucket), S3ObjectStore(bucket=settings.enriched_bucket)
    try:
        found = standing(records, [object_key(ticket_id)])
        index_records(SearchIndex(settings.pipeline_bucket), table, raw, found)
    except Exception as error:
        if (why := mendable(error)) is None:
            raise
        line = f"decided; searches show what was before until the ticket is enriched again, or `tickets reindex`: {why}"
        console.print(line, highlight=False, markup=False)


def _check(settings: Settings, decided: dict[str, str], undo: bool) -> None:
    if undo and decided:
        raise ProcessFailed("--undo takes no labels: undo first, then correct anew")
    known = _known(settings)
    for name, label in decided.items():
        if label not in known[name]:
            raise ProcessFailed(f"{label!r} is no {name}: choose one of {', '.join(known[name])}")


def _known(settings: Settings) -> dict[str, Sequence[str]]:
    return {"intent": intents(settings), "urgency": URGENCIES, "sentiment": SENTIMENTS}


def _show(settings: Settings, item: Item) -> None:
    decisions = history([item])
    now, computed, decided = from_item(item), from_item(computed_item(item)), in_force(decisions)
    known = _known(settings)
    for name in LABELS:
        by = f"by a person; the models say {computed[name]}" if name in decided else f"{now[f'{name}_confidence']:.2f}"
        console.print(f"{name}: {now[name]} ({by})", highlight=False, markup=False)
        if name in decided and now[name] not in known[name]:
            gone = f"  {now[name]!r} is no {name} any more, and wins until it is undone or another is decided"
            console.print(gone, highlight=False, markup=False)
    for one in decisions:
        told = from_item({"entry": one})["entry"]
        what = {n: v for n, v in told.get(VALUES, {}).items() if n in LABELS}
        text = ", ".join(f"{n} {v}" for n, v in what.items()) or "undone"
        console.print(f"  {told['at']} {text}", highlight=False, markup=False)
