"""Records as they stand in S3, whoever wrote them."""

from collections.abc import Collection

from resources.aws import concurrently
from resources.object_store import ObjectUnreadable, S3ObjectStore, StoredObject
from resources.ordering import Record, is_tombstone
from ticket_assets.domain.models import EnrichedTicket


def standing(store: S3ObjectStore, keys: Collection[str]) -> list[Record[EnrichedTicket]]:
    """The records of these keys, of those that have one and were not forgotten."""

    def find(key: str) -> StoredObject | None:
        try:
            return store.find(key)
        except ObjectUnreadable:
            return None  # a key that no store takes; its raw object is in quarantine

    found = [stored for stored in concurrently(find, keys) if stored and not is_tombstone(stored.info.metadata)]
    return [Record[EnrichedTicket].restore(stored.info.key, stored.info.metadata, stored.body) for stored in found]
