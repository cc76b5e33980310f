"""Deferred batches, as `tickets reprocess` makes them: behind new tickets, a few at a time, each once."""

import pytest

from tests.fakes import LengthEmbedder, fake_suite
from tests.pipeline.queueing import Queue, queue_run
from tests.pipeline.quick_queue import QuickQueue
from tests.support import told
from ticket_assets.assets.policy import BATCHES

BEHIND = {"dagster/priority": "-10"}


@pytest.fixture
def queue(pipeline):
    made = QuickQueue(pipeline)
    made.set(batch_window_seconds=20)  # no tick waits for a first message
    return made


def put_unseen(queue: Queue, *ticket_ids: str) -> list[str]:
    """The keys of tickets that are in the raw bucket, and of which the queue does not tell."""
    keys = [queue.pipeline.put(ticket_id) for ticket_id in ticket_ids]
    queue.queue.delete(queue.queue.drain(2, 0, 100))
    return keys


def defer(queue: Queue, *keys: str) -> str:
    return queue.pipeline.batches.land(queue.pipeline.settings.raw_bucket, keys, deferred=True).batch


def requested(queue: Queue) -> dict[str, str]:
    """The priority of each batch that a tick requests, in their order."""
    return {str(request.partition_key): request.tags["dagster/priority"] for request in queue.tick().run_requests or []}


def test_a_deferred_batch_is_requested_behind_all_else_until_its_run_is_past_its_start(queue):
    batch = defer(queue, *put_unseen(queue, "t1"))
    assert requested(queue) == {batch: "-10"}
    assert requested(queue) == {batch: "-10"}
    assert list(queue.pipeline.batches.deferred()) == [batch]

    assert queue.run(batch).success
    assert requested(queue) == {}
    assert list(queue.pipeline.batches.deferred()) == []


def test_new_tickets_are_requested_first(queue):
    queue.set(batch_window_seconds=0)
    deferred = defer(queue, "t1.json")
    queue.pipeline.put("t2")
    (new, priority), last = requested(queue).items()
    assert queue.pipeline.batches.manifest(new).keys == ["t2.json"]
    assert priority == "10"
    assert last == (deferred, "-10")


def test_while_a_run_of_new_tickets_waits_no_deferred_batch_is_requested(queue):
    batch = defer(queue, "t1.json")
    queue_run(queue, "new", **queue.tags)
    assert requested(queue) == {}
    assert list(queue.pipeline.batches.deferred()) == [batch]


def test_deferred_batches_hold_no_message_back(queue):
    queue.set(batch_window_seconds=0, max_pending_batches=2)
    for n in range(3):
        defer(queue, f"t{n}.json")
        queue_run(queue, f"old{n}", **BEHIND)
    queue.pipeline.put("new")
    assert list(requested(queue).values()) == ["10"]
    assert queue.waiting() == 0


def test_only_a_few_deferred_batches_are_at_work_at_a_time_oldest_first(queue):
    queue.set(batch_window_seconds=20, max_pending_batches=2)
    for n in range(4):
        queue.pipeline.store.put(f"batches/deferred/2026010{n}T000000Z-00000000", b"")
    batches = list(queue.pipeline.batches.deferred())
    assert list(requested(queue)) == batches[:2]

    queue_run(queue, batches[0], **BEHIND, **{"dagster/run_key": batches[0]})
    assert list(requested(queue)) == [batches[1]]
    queue_run(queue, batches[1], **BEHIND, **{"dagster/run_key": batches[1]})
    assert list(requested(queue)) == []
    assert list(queue.pipeline.batches.deferred()) == batches[2:]


def enriched_long_ago(queue: Queue) -> str:
    """The key of a ticket that an older model enriched, in a batch that was pruned since."""
    (key,) = put_unseen(queue, "t1")
    old = queue.pipeline.land(key)
    assert queue.pipeline.run(old, fake_suite(embedder=LengthEmbedder(revision="0"))).success
    queue.pipeline.batches.clear_pending(old)
    queue.instance.delete_dynamic_partition(BATCHES.name, old)
    assert "length-embedder@0" in queue.pipeline.items("t1")[0]["model_version"]
    return key


def test_a_model_upgrade_reaches_a_ticket_whose_batch_was_pruned(queue):
    batch = defer(queue, enriched_long_ago(queue))
    assert list(requested(queue)) == [batch]
    assert queue.run(batch).success

    (item,) = queue.pipeline.items("t1")
    assert item["batch"] == batch
    assert "length-embedder@1" in item["model_version"]
    assert "length-embedder@1" in queue.pipeline.record("t1")["enrichment"]["model_version"]


def test_an_enriched_ticket_whose_raw_object_vanishes_meanwhile_is_superseded_and_never_quarantined(queue):
    batch = defer(queue, enriched_long_ago(queue))
    queue.pipeline.raw.delete("t1.json")

    result = queue.run(batch)

    assert result.success
    (check,) = [c for c in result.get_asset_check_evaluations() if c.check_name == "every_ticket_is_accounted_for"]
    assert {name: check.metadata[name].value for name in ("superseded", "quarantined", "missing")} == {
        "superseded": 1,
        "quarantined": 0,
        "missing": 0,
    }
    assert list(queue.pipeline.quarantine.entries()) == []
    assert len(queue.pipeline.items("t1")) == 1
    assert told(result, "enriched_tickets")["written"] == 0
