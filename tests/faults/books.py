"""The promise, asked of the stores: each object's newest version is enriched exactly once, or in quarantine."""

import dagster as dg

from resources.dynamodb import from_item
from resources.queue import SqsQueue
from tests.pipeline.conftest import Pipeline
from tests.pipeline.queueing import Queue
from tests.support import eventually
from ticket_assets.stores.quarantine import QuarantineEntry


def warnings(instance: dg.DagsterInstance, run_id: str) -> list[str]:
    return [entry.user_message for entry in instance.all_logs(run_id) if entry.level == 30]


def finish(queue: Queue, ticks: int = 5) -> None:
    """Tick and run what is requested until no batch and no message is left."""
    for _ in range(ticks):
        for batch in queue.requested():
            assert queue.run(batch).success
        if not queue.pipeline.batches.pending() and eventually(lambda: not queue.waiting(), 0.1):
            return
        eventually(lambda: queue.queue.depth()["waiting"] or queue.pipeline.batches.pending(), 10)


def assert_books_balance(pipeline: Pipeline, *, seconds: float = 20) -> None:
    """Wait until nothing is under way; then fail with what is wrong with each key, if anything is."""
    queue = SqsQueue(name=pipeline.settings.queue)
    eventually(lambda: not open_ends(pipeline, queue), seconds, every=0.2)
    assert open_ends(pipeline, queue) == []


def open_ends(pipeline: Pipeline, queue: SqsQueue) -> list[str]:
    """What keeps the books from balancing, a line each."""
    pending = [f"batch {batch} is pending" for batch in pipeline.batches.pending()]
    depth = {state: count for state, count in queue.depth().items() if count}
    wrong = [f"{key}: {problem}" for key in pipeline.raw.list_keys() if (problem := problem_with(pipeline, key))]
    strangers = set(pipeline.records.list_keys()) - set(pipeline.raw.list_keys())
    return [*pending, *([f"the queue holds {depth}"] if depth else []), *wrong, *sorted(strangers)]


def problem_with(pipeline: Pipeline, key: str) -> str | None:
    """What is wrong with one raw object's place in the stores; None where nothing is."""
    source, record = pipeline.raw.head(key), pipeline.records.head(key)
    assert source is not None
    entry: QuarantineEntry | None = pipeline.quarantine.find(key)
    items = [from_item(item) for item in pipeline.stores["table"].items(key.removesuffix(".json"))]
    if entry:
        return None if entry.etag == source.etag else "quarantined in an older version"
    if record is None:
        return "has neither a record nor an entry in quarantine"
    if record.metadata["source-etag"] != source.etag:
        return "enriched in an older version"
    if len(items) != 1:
        return f"has {len(items)} items"
    return None if items[0]["stamp"] == record.metadata["stamp"] else "has an item of another version than its record"
