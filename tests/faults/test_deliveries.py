"""Events that come often, late, twice or out of order, and ticks that overlap: one current record a ticket."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.fakes import FirstWords, LengthEmbedder, fake_suite
from tests.faults.books import assert_books_balance, finish
from tests.pipeline.conftest import Pipeline


def event(queue, key: str) -> dict[str, str]:
    return {"bucket": queue.pipeline.settings.raw_bucket, "key": key}


def test_the_same_event_a_hundred_times_while_two_ticks_overlap_is_one_record(shared_queue):
    queue = shared_queue
    key = queue.pipeline.put("t1")
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: queue.send(event(queue, key)), range(100)))
        requested = list(pool.map(lambda _: queue.requested(), range(2)))

    batches = sorted({batch for ones in requested for batch in ones})
    with ThreadPoolExecutor(2) as pool:  # of two batches, the runs overlap too
        results = list(pool.map(lambda batch: queue.run(batch).success, batches[:2]))

    assert batches
    assert all(results)
    finish(queue)
    assert_books_balance(queue.pipeline)
    assert len(queue.pipeline.items("t1")) == 1


def test_overlapping_ticks_request_each_batch_under_one_run_key(shared_queue):
    queue = shared_queue
    landed = {queue.pipeline.land(queue.pipeline.put(f"t{n}")) for n in range(2)}

    with ThreadPoolExecutor(2) as pool:
        ticks = list(pool.map(lambda _: queue.tick(), range(2)))

    # Dagster makes one run of a run key, so what both ask for is run once.
    keys = [[request.run_key for request in tick.run_requests] for tick in ticks]
    assert all(landed <= set(asked) and len(asked) == len(set(asked)) for asked in keys)
    finish(queue)
    assert_books_balance(queue.pipeline)


def test_an_event_that_comes_again_after_its_message_was_deleted_costs_work_alone(queue):
    key = queue.pipeline.put("t1")
    finish(queue)

    queue.send(event(queue, key))
    finish(queue)

    assert_books_balance(queue.pipeline)
    assert len(queue.pipeline.items("t1")) == 1


class Overtaken(FirstWords):
    """A slow summarizer: while it works, a newer version of the ticket is put and enriched by another batch."""

    place: str

    def summarize(self, texts, contexts=()):
        PIPELINES[self.place]()
        return super().summarize(texts, contexts)


PIPELINES = {}


@pytest.mark.parametrize("created_at", [1_760_000_000, 1_760_000_999], ids=["same created_at", "changed created_at"])
def test_a_slow_run_with_an_older_version_never_replaces_the_newer_one(queue, created_at):
    pipeline: Pipeline = queue.pipeline
    older = pipeline.land(pipeline.put("t1", subject="old"))

    def overtake() -> None:
        pipeline.next_second()
        assert pipeline.enrich(pipeline.put("t1", subject="new", created_at=created_at)).success

    PIPELINES[pipeline.settings.table] = overtake

    assert pipeline.run(older, fake_suite(summarizer=Overtaken(place=pipeline.settings.table))).success

    # Before the events of the two puts are worked off, which would mend it.
    assert (pipeline.record("t1") or {})["subject"] == "new"
    (item,) = pipeline.items("t1")
    assert (item["subject"], item["created_at"]) == ("new", created_at)
    for batch in pipeline.batches.pending():  # both have run
        pipeline.batches.clear_pending(batch)
    finish(queue)
    assert_books_balance(pipeline)


def test_a_marker_without_a_manifest_fails_alone_among_good_requests(queue):
    for n in range(2):
        queue.pipeline.put(f"t{n}")
    bad = "20260101T000000Z-00000000"
    queue.pipeline.store.put(f"batches/pending/{bad}", b"")

    requested = queue.requested()

    assert len(requested) == 2
    assert bad in requested
    with pytest.raises(LookupError, match=f"batch {bad} has no manifest"):
        queue.run(bad)
    finish(queue)
    assert_books_balance(queue.pipeline)


def test_held_back_messages_are_enriched_once_the_full_pending_list_is_worked_off(queue):
    queue.set(max_pending_batches=2)
    for n in range(2):
        queue.pipeline.land(queue.pipeline.put(f"t{n}"))
    held = queue.waiting()
    requested = queue.requested()
    assert queue.waiting() == held > 0

    for batch in requested:
        assert queue.run(batch).success
    finish(queue)

    assert_books_balance(queue.pipeline)


def test_batches_before_and_after_a_change_of_models_say_which_made_each_record_and_never_mix(shared_queue):
    queue = shared_queue
    pipeline = queue.pipeline
    old, new = (fake_suite(embedder=LengthEmbedder(revision=revision)) for revision in ("1", "2"))
    first = pipeline.land(*[pipeline.put(f"old{n}") for n in range(3)])
    second = pipeline.land(*[pipeline.put(f"new{n}") for n in range(3)])
    with ThreadPoolExecutor(2) as pool:  # at the same time, as while a deployment rolls
        runs = list(pool.map(lambda job: pipeline.run(*job).success, [(first, old), (second, new)]))

    assert runs == [True, True]
    for name, suite in (("old", old), ("new", new)):
        made = {(pipeline.record(f"{name}{n}") or {})["enrichment"]["model_version"] for n in range(3)}
        stored = {item["model_version"] for n in range(3) for item in pipeline.items(f"{name}{n}")}
        assert made == stored == {suite.version}
    for batch in (first, second):
        pipeline.batches.clear_pending(batch)
    finish(queue)
    assert_books_balance(pipeline)
