"""What stands in the stores now, asked of them with each scrape, as families of samples."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import Any

import dagster as dg
from prometheus_client.core import Metric

from resources.object_store import S3ObjectStore
from resources.queue import SqsQueue
from ticket_assets.assets.ticket_books import VERSIONS
from ticket_assets.assets.waiting import waiting
from ticket_assets.stores.inventory import Stores
from ticket_assets.stores.quarantine import MESSAGES, OBJECTS, Quarantine
from tickets_cli.metrics_names import family

UNFINISHED = ("QUEUED", "STARTING", "STARTED", "CANCELING")
MOST_BATCHES = 5_000  # that are counted one by one; a listing's request brings a thousand
MOST_ENTRIES = 10_000  # of quarantine, whose reasons are known; those beyond have the reason "unread"


def queues(*named: SqsQueue) -> Iterator[Metric]:
    """The messages of each queue."""
    found: Any = family("tickets_queue_messages")
    for queue in named:
        for state, count in queue.depth().items():
            found.add_metric([queue.name, state.replace(" ", "_")], count)
    yield found


def batches(stores: Stores) -> Iterator[Metric]:
    """The batches with work to do, by what holds them."""
    found: Any = family("tickets_batches")
    kinds: dict[str, Iterable[str]] = {
        "pending": stores.batches.pending(),
        "deferred": islice(stores.batches.deferred(), MOST_BATCHES),
        "failed": stores.batches.failed(),
    }
    for state, names in kinds.items():
        found.add_metric([state], sum(1 for _ in names))
    yield found


def oldest(stores: Stores, instance: dg.DagsterInstance) -> Iterator[Metric]:
    """How long the oldest ticket waits."""
    found: Any = family("tickets_oldest_waiting_seconds")
    found.add_metric([], waiting(stores.queue, stores.batches, stores.raw, instance).seconds)
    yield found


def runs(instance: dg.DagsterInstance) -> Iterator[Metric]:
    """The unfinished runs by state."""
    found: Any = family("tickets_runs")
    for state in UNFINISHED:
        count = instance.get_runs_count(dg.RunsFilter(statuses=[dg.DagsterRunStatus(state)]))
        found.add_metric([state.lower()], count)
    yield found


def books(instance: dg.DagsterInstance) -> Iterator[Metric]:
    """What the last books said; families without samples where there are none."""
    states, age, versions = (
        family(name) for name in ("tickets_books", "tickets_books_age_seconds", "tickets_model_records")
    )
    event = instance.get_latest_materialization_event(dg.AssetKey("ticket_books"))
    if event and event.asset_materialization:
        told: dict[str, Any] = {name: entry.value for name, entry in event.asset_materialization.metadata.items()}
        for state, count in told.items():
            if isinstance(count, int):
                _add(states, [state], count)
        for version, count in told.get(VERSIONS, {}).items():
            _add(versions, [version], count)
        _add(age, [], time.time() - event.timestamp)
    yield from (states, age, versions)


class Reasons:
    """The entries of quarantine by reason; each is read once, and again where it is another version."""

    def __init__(self, pipeline: S3ObjectStore, records: S3ObjectStore) -> None:
        self._store = pipeline
        self._quarantine = Quarantine(pipeline, records)
        self._known: dict[str, tuple[str, str]] = {}

    def look(self) -> Iterator[Metric]:
        """How many entries of each reason stand."""
        listed = {e.key: e.etag for e in chain.from_iterable(map(self._store.list_objects, (OBJECTS, MESSAGES)))}
        first = dict(islice(listed.items(), MOST_ENTRIES))
        new = [path for path, etag in first.items() if self._known.get(path, ("",))[0] != etag]
        read = {held.path: (held.etag, held.entry.reason.value) for held in self._quarantine.read(new)}
        self._known = {path: known for path, known in {**self._known, **read}.items() if path in first}
        counts = Counter(reason for _, reason in self._known.values())
        if unread := len(listed) - len(first):
            counts["unread"] = unread
        found = family("tickets_in_quarantine")
        for reason, count in counts.items():
            _add(found, [reason], count)
        yield found


def sources(
    stores: Stores, dead_letters: SqsQueue, pipeline: S3ObjectStore, instance: dg.DagsterInstance
) -> dict[str, Callable[[], Iterable[Metric]]]:
    """What is asked with each scrape, by the name that tells whether it answered."""
    return {
        "queues": lambda: queues(stores.queue, dead_letters),
        "batches": lambda: batches(stores),
        "waiting": lambda: oldest(stores, instance),
        "runs": lambda: runs(instance),
        "books": lambda: books(instance),
        "quarantine": Reasons(pipeline, stores.records).look,
    }


def _add(found: Any, labels: list[str], value: float) -> None:
    found.add_metric(labels, value)
