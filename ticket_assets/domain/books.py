"""The books: what became of each raw object, decided from listings and stamps. Pure: it is told what the stores say.

received = enriched + quarantined + in flight + failed + missing + stale. They balance where nothing is missing, nothing
is stale and no item lacks its record.
"""

import heapq
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple, Protocol

from pydantic import BaseModel, computed_field

from ticket_assets.domain.quarantine import QuarantineEntry

SUFFIX = ".json"  # of the keys that are tickets, in the raw bucket and in the enriched one
FORGOTTEN = "forgotten"  # the source ETag of the record and the item that stand for a person's erased ticket


class State(StrEnum):
    """What became of a ticket. ORPHANED and FORGOTTEN have no raw object and are not among what was received."""

    ENRICHED = "enriched"
    QUARANTINED = "quarantined"
    IN_FLIGHT = "in flight"
    FAILED = "failed"
    MISSING = "missing"
    STALE = "stale"
    ORPHANED = "orphaned"
    FORGOTTEN = "forgotten"


class Version(Protocol):
    """What a listing tells of an object: `last_modified` in whole Unix seconds."""

    @property
    def key(self) -> str: ...
    @property
    def etag(self) -> str: ...
    @property
    def last_modified(self) -> int: ...


class Pair(NamedTuple):
    """What the raw and the enriched bucket list under one key; at least one of them has it."""

    key: str
    raw: Version | None
    record: Version | None


class Source(NamedTuple):
    """The version of the raw object that an item was made from, as the item's stamp tells it."""

    etag: str
    last_modified: int


def merge(raw: Iterable[Version], records: Iterable[Version]) -> Iterator[Pair]:
    """The two listings side by side, each sorted by key as S3 sorts, holding one object of each at a time."""
    left, right = _tickets(raw), _tickets(records)
    ours, theirs = next(left, None), next(right, None)
    while ours or theirs:
        key = min(listed.key for listed in (ours, theirs) if listed)
        pair = Pair(key, ours if ours and ours.key == key else None, theirs if theirs and theirs.key == key else None)
        yield pair
        ours = next(left, None) if pair.raw else ours
        theirs = next(right, None) if pair.record else theirs


def _tickets(listing: Iterable[Version]) -> Iterator[Version]:
    return (listed for listed in listing if listed.key.endswith(SUFFIX))


def record_state(raw: Version, record: Version | None, items: Iterable[Source]) -> State:
    """ENRICHED where the record and the one item are of this version of the raw object, else STALE or MISSING.

    The item vouches for the record, which is written first; but no record is of a version that came after it. A second
    item is about to be deleted, or its writer died before it could: a tombstone apart, it is stale.
    """
    sources = list(items)
    if record is None or not sources:
        return State.MISSING
    live = [source for source in sources if source.etag != FORGOTTEN]
    current = record.last_modified >= raw.last_modified and len(live) == 1 and _is_current(raw, live[0])
    return State.ENRICHED if current else State.STALE


def _is_current(raw: Version, source: Source) -> bool:
    return source.etag == raw.etag or source.last_modified > raw.last_modified


def lone_record_state(items: Iterable[Source]) -> State:
    """What a record without a raw object is: FORGOTTEN where it stands for an erased ticket, else ORPHANED."""
    return State.FORGOTTEN if any(source.etag == FORGOTTEN for source in items) else State.ORPHANED


def is_quarantined(raw: Version, entry: QuarantineEntry | None) -> bool:
    """Whether the entry is about this version of the raw object or a newer one."""
    if entry is None:
        return False
    if not entry.etag:  # nothing could be read; whole seconds: a version put within the second may have come after
        return entry.read_at >= raw.last_modified + 1
    return entry.etag == raw.etag or entry.last_modified > raw.last_modified


class Unaccounted(NamedTuple):
    """A raw object of this age of which nothing current was found, MISSING or STALE; looked at again, in any state."""

    last_modified: int
    key: str
    state: State


class OldestUnaccounted:
    """The `most` oldest of any number of unaccounted objects by name, and how many there are in all."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._heap: list[tuple[int, Unaccounted]] = []
        self.total = 0

    def add(self, found: Unaccounted) -> None:
        """Note one; of too many the newest is forgotten, but counted."""
        self.total += 1
        entry = (-found.last_modified, found)
        if len(self._heap) < self._most:
            heapq.heappush(self._heap, entry)
        else:
            heapq.heappushpop(self._heap, entry)

    def oldest(self) -> list[Unaccounted]:
        """Those that are kept, oldest first."""
        return sorted(found for _, found in self._heap)


class Lost(NamedTuple):
    """What of the unaccounted is in the queue or may be, which are lost, and how many of those have no name here."""

    in_queue: int
    lost: list[Unaccounted]
    unnamed: int


class Depth(NamedTuple):
    """How many messages the queue had before all was looked at and after, before the unaccounted were again."""

    before: int
    after: int


def judge(oldest: list[Unaccounted], total: int, queue: Depth, young_since: float) -> Lost:
    """Which of `total` are lost. `oldest`, oldest first, are those that are known by name and were looked at again.

    Those put since `young_since` are on their way: the queue may not have counted them yet. Of the others the newest
    may be in it, as many as it has messages; messages that are no more than the young are taken to be theirs. Of those
    without a name, which are newer than all that have one, its messages may have been worked off since.
    """
    settled = sum(found.last_modified <= young_since for found in oldest)
    young = total - settled if settled < len(oldest) else 0
    messages = max(queue.after, min(queue.before, total - len(oldest)))
    in_queue = min(total, young + messages if messages > young else young)
    lost = oldest[: total - in_queue]
    return Lost(in_queue, lost, total - in_queue - len(lost))


class Books(BaseModel):
    """The counts, and the first names of each kind that somebody may have to look at.

    `versions` counts the tickets that each model_version made an item of; a forgotten ticket's has none.
    """

    enriched: int = 0
    quarantined: int = 0
    in_batches: int = 0
    in_queue: int = 0
    failed: int = 0
    missing: int = 0
    stale: int = 0
    orphaned: int = 0
    forgotten: int = 0
    items_without_record: int = 0
    versions: dict[str, int] = {}
    not_searchable: int = 0
    index_asked: bool = True
    names: dict[str, list[str]] = {}
    notes: list[str] = []

    @computed_field
    @property
    def in_flight(self) -> int:
        """In a batch that is not finished, or perhaps in the queue or on the way to it."""
        return self.in_batches + self.in_queue

    @computed_field
    @property
    def received(self) -> int:
        """Distinct `.json` keys of the raw bucket."""
        return self.enriched + self.quarantined + self.in_flight + self.failed + self.missing + self.stale

    @property
    def searchable(self) -> bool:
        """Whether the search index has every enriched ticket; it is beside the books, which balance without it."""
        return self.index_asked and not self.not_searchable

    @computed_field
    @property
    def balanced(self) -> bool:
        """Whether every ticket is where it must be."""
        return not (self.missing or self.stale or self.items_without_record)
