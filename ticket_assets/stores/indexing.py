"""Records into the search index, with what people decided of their labels: of that the table alone knows."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from resources.aws import concurrently
from resources.corrections import HISTORY, history, in_force
from resources.dynamodb import DynamoDBTable, from_item
from resources.object_store import S3ObjectStore
from resources.ordering import Record
from ticket_assets.domain.models import EnrichedTicket
from ticket_assets.stores.search_index import SearchIndex, Written


def index_records(
    index: SearchIndex,
    table: DynamoDBTable,
    raw: S3ObjectStore,
    records: Sequence[Record[EnrichedTicket]],
    *,
    tend: bool = True,
) -> list[Written]:
    """Write the records' rows, with the labels that people decided in place of the models'. Raises IndexUnavailable.

    `tend` as in `SearchIndex.upsert`. Of one age the later write stands, with a decision or without: so where one came
    meanwhile, all is written again.
    """
    decided = _decided(table, records)
    while True:
        written = index.upsert(records, partial(_is_current, raw), decided, tend=tend)
        meanwhile = _decided(table, records)
        if meanwhile == decided:
            return written
        decided = meanwhile


def _decided(table: DynamoDBTable, records: Sequence[Record[EnrichedTicket]]) -> dict[str, dict[str, Any]]:
    """The attributes that people's decisions set, of each ticket that has some."""
    asked = (table.hash_key, HISTORY)
    found = table.glance_many([(record.body.ticket_id, record.body.created_at) for record in records], asked)
    there = {item[table.hash_key]["S"] for item in found}
    # Too much for one answer, or moved to another created_at by a newer version.
    missing = [record.body.ticket_id for record in records if record.body.ticket_id not in there]
    moved = zip(missing, map(history, concurrently(table.items, missing)), strict=True)
    lists = {**{item[table.hash_key]["S"]: history([item]) for item in found}, **dict(moved)}
    decided = {ticket_id: in_force(decisions) for ticket_id, decisions in lists.items()}
    return {ticket_id: from_item(values) for ticket_id, values in decided.items() if values}


def _is_current(raw: S3ObjectStore, key: str, etag: str) -> bool:
    """Whether the raw object `key` is this version of it."""
    source = raw.head(key)
    return source is not None and source.etag == etag
