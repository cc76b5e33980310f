"""How the queue sensor makes batches of messages: of what size, after what wait, and beside how many others."""

import dagster as dg

from sensors import planning
from tests.pipeline.queueing import queue_run


def test_messages_wait_while_too_many_batches_do(queue):
    queue.set(max_pending_batches=2)
    landed = [queue.pipeline.land(queue.pipeline.put(f"t{n}")) for n in range(2)]
    before = queue.waiting()
    assert sorted(queue.requested()) == sorted(landed)
    assert queue.waiting() == before > 0


def test_more_than_a_batch_holds_becomes_several(queue):
    queue.set(batch_size=20)
    for n in range(45):
        queue.pipeline.put(f"t{n}")
    batches = queue.requested()
    assert queue.sizes(batches) == [15, 15, 15]


def test_after_a_quiet_spell_the_first_tickets_do_not_wait_for_the_window(queue):
    queue.set(batch_window_seconds=20)
    key = queue.pipeline.put("first")
    with queue.later(5, "another"):
        (batch,) = queue.requested()
    assert queue.pipeline.batches.manifest(batch).keys == [key]


def test_tickets_that_trickle_in_become_a_batch_a_window(queue):
    queue.set(batch_window_seconds=3)
    last = queue.pipeline.land("t0.json")
    queue.pipeline.batches.clear_pending(last)
    queue.pipeline.put("t1")
    with queue.later(1.5, "t2"):
        (batch,) = queue.requested()
    assert queue.pipeline.batches.manifest(batch).keys == ["t1.json", "t2.json"]


def test_a_full_batch_is_landed_at_once_though_the_last_one_is_young(queue):
    queue.set(batch_window_seconds=20, batch_size=3)
    queue.pipeline.batches.clear_pending(queue.pipeline.land("t0.json"))
    for n in range(3):
        queue.pipeline.put(f"t{n}")
    with queue.later(6, "another"):
        assert queue.sizes(queue.requested()) == [3]


def test_while_runs_wait_for_a_slot_only_full_batches_are_made(queue):
    queue.set(batch_size=3)
    landed = [queue.pipeline.land(f"old{n}.json") for n in range(2)]
    for n in range(2):
        queue.pipeline.put(f"t{n}")
    assert sorted(queue.requested()) == sorted(landed)
    assert queue.waiting() == 2

    for n in range(2, 4):
        queue.pipeline.put(f"t{n}")
    assert sorted(queue.sizes(queue.requested())) == [1, 1, 3]
    assert queue.waiting() == 1


def test_a_batch_whose_run_has_started_holds_nothing_back(queue):
    queue.set(max_pending_batches=1)
    landed = queue.pipeline.land("t0.json")
    queue_run(queue, landed, dg.DagsterRunStatus.STARTED, **{"dagster/run_key": landed})
    queue.pipeline.put("t1")
    assert queue.sizes(queue.requested()) == [1]


def test_tickets_are_shared_out_over_free_slots_where_each_part_is_worth_a_run(queue, monkeypatch):
    monkeypatch.setattr(planning, "WORTH_A_RUN", 3)
    for n in range(6):
        queue.pipeline.put(f"t{n}")
    batches = queue.requested()
    assert queue.sizes(batches) == [3, 3]

    for batch in batches:
        queue_run(queue, batch, dg.DagsterRunStatus.STARTED, **{"dagster/run_key": batch})
    for n in range(6):
        queue.pipeline.put(f"s{n}")
    assert queue.sizes(queue.requested()) == [6]


def test_queued_runs_of_new_tickets_hold_messages_back_and_those_of_a_backfill_do_not(queue):
    queue.set(max_pending_batches=2)
    for n in range(5):
        queue_run(queue, f"old{n}", **{"dagster/backfill": "b"})
    queue.pipeline.put("t1")
    (batch,) = queue.requested()
    queue.pipeline.batches.clear_pending(batch)
    queue.pipeline.put("t2")
    for name in ("new1", "new2"):
        queue_run(queue, name, **queue.tags)
    assert "2 queued" in queue.tick().skip_message
    assert queue.waiting() == 1
