"""Erasure: looks for a person's tickets in every store, removes what it finds, and looks again as the proof.

Each store is one class with `search`, which gives places, each with how to remove it; so what a dry run shows, what is
removed and what the proof looks for are the same. A new store of tickets is added to `every_store`, nowhere else.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol

from resources.dynamodb import DynamoDBTable
from resources.object_store import S3ObjectStore
from resources.ordering import is_tombstone
from resources.queue import SqsQueue
from ticket_assets.domain.erasure import Wanted


class Place(NamedTuple):
    """One thing that is kept of the tickets: what it is (no text of theirs), whose, and how to remove it.

    `keys` are the tickets' raw objects; none where it only speaks of them, or the ticket is another's.
    """

    what: str
    keys: frozenset[str]
    remove: Callable[[], object]


class Search(NamedTuple):
    """What one store was found to hold; `looked_at` says at how much was looked."""

    store: str
    looked_at: str
    places: list[Place]


class Store(Protocol):
    """A store that may hold tickets."""

    def search(self, wanted: Wanted) -> Search:
        """All places of the wanted tickets but their tombstones."""
        ...


class Stores(NamedTuple):
    """What the stores below are made of; `customer_index` is the table's index by customer_id."""

    raw: S3ObjectStore
    records: S3ObjectStore
    pipeline: S3ObjectStore
    table: DynamoDBTable
    customer_index: str
    dead_letters: SqsQueue


def every_store(made_of: Stores) -> list[Store]:
    """Every store of the pipeline that may hold a ticket."""
    from ticket_assets.stores.erasure_books import DeadLetters, FailureRecords, QuarantineFiles
    from ticket_assets.stores.erasure_index import IndexRows
    from ticket_assets.stores.erasure_rows import ParquetFiles
    from ticket_assets.stores.erasure_tickets import Items, RawObjects, Records

    return [
        RawObjects(made_of.raw, made_of.records, made_of.pipeline),
        Records(made_of.records),
        Items(made_of.table, made_of.customer_index),
        ParquetFiles(made_of.pipeline, made_of.records),
        IndexRows(made_of.pipeline, made_of.records),
        QuarantineFiles(made_of.pipeline),
        DeadLetters(made_of.dead_letters),
        FailureRecords(made_of.pipeline),
    ]


def search_all(stores: Iterable[Store], wanted: Wanted) -> list[Search]:
    """What every store holds of them."""
    return [store.search(wanted) for store in stores]


def find_all(stores: Sequence[Store], wanted: Wanted) -> tuple[Wanted, list[Search]]:
    """What every store holds, of the customer's tickets too, and the tickets that were found to be among the wanted.

    A ticket that one store gives away is looked for in all others, until none gives away another.
    """
    while True:
        found = search_all(stores, wanted)
        keys = wanted.keys.union(*(place.keys for search in found for place in search.places))
        if keys == wanted.keys:
            return wanted, found
        wanted = wanted._replace(keys=keys)


def is_theirs(records: S3ObjectStore, wanted: Wanted, key: str) -> bool:
    """Whether a ticket of which something is theirs is theirs as a whole: not where its record is another's."""
    if key in wanted.keys:
        return True
    record = records.find(key)
    return record is None or is_tombstone(record.info.metadata) or wanted.owns(record.body)


def places(found: Iterable[Search]) -> list[Place]:
    """The places of all stores."""
    return [place for search in found for place in search.places]
