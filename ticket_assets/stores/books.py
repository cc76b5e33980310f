"""Reconciliation: every raw object, record, item and quarantine entry compared, without trusting what any run has said.

A merge of the two buckets' listings, 1,000 keys at a time: memory does not grow with the number of tickets. A million
tickets cost 2,000 LIST requests ($0.01 at $0.005 per 1,000), one query each (0.5 read units, $0.06 at $0.125 per
million on demand) and a count of the table (0.5 read units per 4 KB: about 200,000 for items of 1.5 KB, $0.03): about
$0.10. Each raw object without a current record costs a GET of its quarantine entry ($0.40 a million), up to 10,000 of
them two HEADs, a query and a GET more; a record without a raw object costs a HEAD, and a batch at work two GETs of its
manifest. Prices are AWS's public ones for us-east-1.
"""

import itertools
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from resources.aws import concurrently
from resources.dynamodb import Item
from ticket_assets.domain import books as domain
from ticket_assets.domain.batches import iso
from ticket_assets.domain.books import Books, Depth, Pair, Source, State, Unaccounted, Version
from ticket_assets.stores.books_search import Searchable
from ticket_assets.stores.inventory import BatchKeys, Runs, Stores, item_source, items_of, source_of, sources

PAGE = 1_000
MOST_NAMED = 10_000
# A run that died or was killed is retried within this; an item made since may be counted before its record is listed.
SETTLED_SECONDS = 20 * 60  # longer than the longest pause before a batch is requested again
UNHEARD_SECONDS = 2 * 60  # S3 takes seconds to tell of an object, SQS a minute to count its message
MADE_AT, MADE_BY = "processed_at", "model_version"


class Reconciled(NamedTuple):
    """The books, and by name what is missing or stale, oldest first."""

    books: Books
    lost: list[Unaccounted]


def reconcile(stores: Stores, runs: Callable[[], Runs], progress: Callable[[int], None] = lambda _: None) -> Reconciled:
    """Walk through all tickets, look again at what is not accounted for, and compare the table's count.

    Everything may move meanwhile. `progress` is told how many keys are done.
    """
    made_before = iso(datetime.fromtimestamp(time.time() - SETTLED_SECONDS, UTC))
    # Before the walk: an item that a backfill makes anew after it was met is no longer counted, and would stand for
    # one that has no record.
    items = stores.table.count_older(MADE_AT, made_before)
    before = _messages(stores)
    walk = _Walk(stores, runs(), made_before)
    pairs = domain.merge(stores.raw.list_objects(), stores.records.list_objects())
    for page in _pages(pairs):
        walk.page(page)
        progress(walk.keys)
    # In this order: what leaves the queue is in a batch, and what leaves its batch is in the stores.
    queue = Depth(before, after=_messages(stores))
    young_since = time.time() - UNHEARD_SECONDS
    left = walk.look_again(runs())
    lost = domain.judge(left.oldest(), left.total, queue, young_since)
    states = Counter(found.state for found in lost.lost)
    # Named only where the table had more than were met: that reads it whole once more.
    naked, naked_names = _counted(_items_without_record(stores, made_before) if items > walk.items else iter(()))
    names = {
        "missing": [found.key for found in lost.lost if found.state is State.MISSING],
        "stale": [found.key for found in lost.lost if found.state is State.STALE],
        "items_without_record": naked_names,
        "orphaned": walk.orphans,
        "not_searchable": walk.searchable.names,
    }
    books = Books(
        enriched=walk.states[State.ENRICHED],
        quarantined=walk.states[State.QUARANTINED],
        in_batches=walk.states[State.IN_FLIGHT],
        in_queue=lost.in_queue,
        failed=walk.states[State.FAILED],
        missing=states[State.MISSING] + lost.unnamed,
        stale=states[State.STALE],
        orphaned=walk.states[State.ORPHANED],
        forgotten=walk.states[State.FORGOTTEN],
        items_without_record=naked,
        versions=dict(walk.versions.most_common()),
        not_searchable=walk.searchable.lacking,
        index_asked=walk.searchable.problem is None,
        names=names,
        notes=[
            *([f"{lost.unnamed:,} more are counted as missing, not named"] if lost.unnamed else []),
            *walk.searchable.notes(),
        ],
    )
    return Reconciled(books, lost.lost)


def replay(stores: Stores, lost: Sequence[Unaccounted]) -> None:
    """Send a message for each raw object, as if it were put again. Raises SendRefused."""
    stores.queue.send([json.dumps({"bucket": stores.raw.bucket, "key": found.key}) for found in lost])


class _Walk:
    """One pass over all pairs."""

    def __init__(self, stores: Stores, runs: Runs, made_before: str) -> None:
        self._stores = stores
        self._batches = BatchKeys(stores, runs)
        self._unaccounted = domain.OldestUnaccounted(MOST_NAMED)
        self._made_before = made_before
        self.states: Counter[State] = Counter()
        self.versions: Counter[str] = Counter()
        self.orphans: list[str] = []
        self.searchable = Searchable(stores.search_index, MOST_NAMED)
        self.keys = self.items = 0

    def page(self, pairs: Sequence[Pair]) -> None:
        """Look up what the listings alone do not tell, and count."""
        looked_up = concurrently(self._look_up, pairs)
        self.searchable.look([item for _, old, _ in looked_up for item in old])
        for pair, (state, old, versions) in zip(pairs, looked_up, strict=True):
            self.items += len(old)
            self.versions.update(versions)
            if pair.raw and state in (State.MISSING, State.STALE):
                self._unaccounted.add(Unaccounted(pair.raw.last_modified, pair.key, state))
                continue
            self.states[state] += 1
            if state is State.ORPHANED and len(self.orphans) < MOST_NAMED:
                self.orphans.append(pair.key)
        self.keys += len(pairs)

    def look_again(self, runs: Runs) -> domain.OldestUnaccounted:
        """What is still unaccounted for, of those that are known by name, when asked without listings."""
        self._batches = BatchKeys(self._stores, runs)
        known = self._unaccounted.oldest()
        left = domain.OldestUnaccounted(MOST_NAMED)
        left.total = self._unaccounted.total - len(known)
        for now in filter(None, concurrently(self._again, known)):
            if now.state in (State.MISSING, State.STALE):
                left.add(now)
            else:
                self.states[now.state] += 1
        return left

    def _again(self, found: Unaccounted) -> Unaccounted | None:
        """The object and its state by now: it may have been put again, or enriched. None where it was deleted."""
        raw, record = self._stores.raw.head(found.key), self._stores.records.head(found.key)
        if raw is None:
            return None
        state = self._settled(raw, record, sources(self._stores, found.key))
        return Unaccounted(raw.last_modified, found.key, state)

    def _look_up(self, pair: Pair) -> tuple[State, list[Item], set[str]]:
        """The pair's state, its items of some age, and the models' versions that made its items."""
        items = items_of(pair.key, self._glance) if pair.record else []
        old = [item for item in items if item.get(MADE_AT, {"S": "~"})["S"] < self._made_before]
        versions = {item[MADE_BY]["S"] for item in items if MADE_BY in item}
        made_from = [item_source(item) for item in items]
        if pair.raw:
            return self._settled(pair.raw, pair.record, made_from), old, versions
        return self._lone(pair.key, made_from), old, versions

    def _glance(self, ticket_id: str) -> list[Item]:
        return self._stores.table.glance(ticket_id, ("ticket_id", "stamp", "source-etag", MADE_AT, MADE_BY))

    def _settled(self, raw: Version, record: Version | None, made_from: Iterable[Source]) -> State:
        state = domain.record_state(raw, record, made_from)
        if state is State.ENRICHED:
            return state
        if domain.is_quarantined(raw, self._stores.quarantine.find(raw.key)):
            return State.QUARANTINED
        return self._batches.state(raw.key) or state

    def _lone(self, key: str, made_from: list[Source]) -> State:
        """A record whose raw object was not listed: it may have been put since, or the record may be a tombstone."""
        record = None if made_from else self._stores.records.head(key)
        state = domain.lone_record_state([source_of(record.metadata)] if record else made_from)
        if state is State.ORPHANED and self._stores.raw.head(key):
            return State.IN_FLIGHT
        return state


def _items_without_record(stores: Stores, made_before: str) -> Iterator[str]:
    """The tickets of items that no record stands behind."""

    def is_naked(ticket_id: str) -> bool:
        return stores.records.head(f"{ticket_id}{domain.SUFFIX}") is None and bool(stores.table.items(ticket_id))

    for page in _pages(stores.table.hash_keys_older(MADE_AT, made_before)):
        yield from itertools.compress(page, concurrently(is_naked, page))


def _messages(stores: Stores) -> int:
    return sum(stores.queue.depth().values())


def _counted(names: Iterator[str]) -> tuple[int, list[str]]:
    """How many there are, and the first of them."""
    first = list(itertools.islice(names, MOST_NAMED))
    return len(first) + sum(1 for _ in names), first


def _pages(things: Iterable[Any]) -> Iterator[list[Any]]:
    rest = iter(things)
    while page := list(itertools.islice(rest, PAGE)):
        yield page
