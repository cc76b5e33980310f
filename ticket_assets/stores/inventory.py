"""The stores that the books are kept in, and what they say of a ticket's source and of the batches at work."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from resources.dynamodb import DynamoDBTable, Item
from resources.object_store import S3ObjectStore
from resources.ordering import Stamp
from resources.queue import SqsQueue
from ticket_assets.domain.books import SUFFIX, Source, State
from ticket_assets.domain.key_set import KeySet
from ticket_assets.stores.batches import Batches
from ticket_assets.stores.quarantine import Quarantine
from ticket_assets.stores.search_index import SearchIndex


class Stores(NamedTuple):
    """All that the books are kept in."""

    raw: S3ObjectStore
    records: S3ObjectStore
    table: DynamoDBTable
    quarantine: Quarantine
    batches: Batches
    queue: SqsQueue
    search_index: SearchIndex

    @classmethod
    def of(cls, built: Mapping[str, Any]) -> "Stores":
        """From the resources that the definitions build, by their keys."""
        pipeline, records = built["pipeline_store"], built["record_store"]
        quarantine = Quarantine(pipeline, records)
        batches = Batches(pipeline)
        return cls(
            built["raw_store"], records, built["table"], quarantine, batches, built["queue"], built["search_index"]
        )


class Runs(NamedTuple):
    """What Dagster knows of batches: those with an unfinished run, and those of which one ended badly just now."""

    unfinished: Collection[str] = ()
    ended_badly: Collection[str] = ()


class BatchNames(NamedTuple):
    """The batches that are not finished, and those that failed for good and are not at work again."""

    going: set[str]
    failed: set[str]


def batch_names(stores: Stores, runs: Runs) -> BatchNames:
    """By markers, failure records and runs. A batch whose run ended badly just now may be about to be retried."""
    failed = set(stores.batches.failed())
    going = {*stores.batches.open(), *runs.unfinished, *(set(runs.ended_badly) - failed)}
    return BatchNames(going, failed - going)


class BatchKeys:
    """The keys of the batches that are not finished, and of those that failed."""

    def __init__(self, stores: Stores, runs: Runs) -> None:
        names = batch_names(stores, runs)
        self._going = KeySet(_keys(stores, names.going))
        self._failed = KeySet(_keys(stores, names.failed))

    def state(self, key: str) -> State | None:
        """IN_FLIGHT or FAILED, None where no such batch holds the key."""
        return State.IN_FLIGHT if key in self._going else State.FAILED if key in self._failed else None


def sources(stores: Stores, key: str) -> list[Source]:
    """What the ticket's items say they were made from, read consistently."""
    return [item_source(item) for item in items_of(key, stores.table.items)]


def source_of(attributes: Mapping[str, str]) -> Source:
    """The version that a record or an item of these attributes was made from; no version where it has no stamp."""
    stamp = Stamp.parse(attributes)
    return Source(stamp.etag, stamp.last_modified) if stamp else Source("", 0)


def item_source(item: Item) -> Source:
    """`source_of` an item in DynamoDB's format."""
    return source_of({name: item[name]["S"] for name in ("stamp", "source-etag") if name in item})


def items_of(key: str, ask: Callable[[str], list[Item]]) -> list[Item]:
    """What `ask` says of the ticket of this key."""
    ticket_id = key.removesuffix(SUFFIX)
    return ask(ticket_id) if ticket_id else []  # DynamoDB refuses to look for an empty key


def _keys(stores: Stores, batches: Iterable[str]) -> Iterator[str]:
    manifests = stores.batches.manifests(batches)
    return (key for manifest in manifests if manifest.bucket == stores.raw.bucket for key in manifest.keys)
