"""Tombstones: what stands in place of a forgotten ticket's record, item and row, the ticket's id and the time.

Their stamp is newer than anything, so that the ordered writes that exist refuse every later write by themselves.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from resources.aws import concurrently
from resources.dynamodb import DynamoDBTable, Item, to_item
from resources.object_store import ObjectInfo, S3ObjectStore
from resources.ordering import TOMBSTONE, is_tombstone
from ticket_assets.domain.batches import iso
from ticket_assets.domain.erasure import Tombstone, is_ticket_id
from ticket_assets.stores.search_index import SearchIndex

FORGOTTEN_AT = "forgotten-at"
SUFFIX = ".json"


class Tombstones:
    """The tombstones among `records`, in `table` and in `index`; a record's key is its raw object's."""

    def __init__(self, records: S3ObjectStore, table: DynamoDBTable, index: SearchIndex) -> None:
        self._records = records
        self._table = table
        self._index = index

    def put(self, keys: Iterable[str]) -> None:
        """Put a tombstone for each object, over whatever stands: from then on no run writes the ticket any more.

        One that stands is left as it is: it says when the ticket was forgotten first.
        """
        at, keys = iso(datetime.now(UTC)), list(keys)
        concurrently(lambda key: self._put(key, at), keys)
        self._index.put_tombstones([key.removesuffix(SUFFIX) for key in keys], TOMBSTONE)

    def forgotten_at(self, key: str) -> str | None:
        """When the ticket was forgotten, None where it was not."""
        return forgotten_at(self._records, key)

    def lift(self, key: str) -> None:
        """Remove the tombstone in all its versions, in the table too, so that the ticket may come again."""
        for item in self._table.items(key.removesuffix(SUFFIX)):
            if is_tombstone_item(item):
                self._table.delete(item)
        self._index.lift_tombstone(key.removesuffix(SUFFIX), TOMBSTONE)
        if self.forgotten_at(key):
            self._records.delete_versions(self._records.versions_of(key))

    def _put(self, key: str, at: str) -> None:
        earlier = self.forgotten_at(key)
        stone = Tombstone(ticket_id=key.removesuffix(SUFFIX), forgotten_at=earlier or at)
        if not earlier:
            metadata = {**TOMBSTONE.attributes(), FORGOTTEN_AT: at}
            self._records.put(key, stone.model_dump_json().encode(), metadata=metadata)
        if is_ticket_id(stone.ticket_id):
            # No attribute of an index is among them: no list shows it.
            self._table.overwrite(to_item({**stone.model_dump(), "created_at": 0, **TOMBSTONE.attributes()}))


def forgotten_at(records: S3ObjectStore, key: str) -> str | None:
    """When the ticket of the raw object `key` was forgotten, None where it was not. One HEAD."""
    return time_of(records.head(key))


def time_of(record: ObjectInfo | None) -> str | None:
    """When the ticket of this record was forgotten, None where it is no tombstone."""
    return record.metadata.get(FORGOTTEN_AT, "unknown") if record and is_tombstone(record.metadata) else None


def is_tombstone_item(item: Item) -> bool:
    """Whether an item of the table is a tombstone."""
    return is_tombstone({name: item[name]["S"] for name in ("stamp", "source-etag") if name in item})
