"""The books over a real pipeline: each thing that can become of a ticket, made to happen."""

import dagster as dg
import pytest

from tests.fakes import fake_suite
from tests.pipeline.conftest import Pipeline
from tests.pipeline.ledger import Ledger, counts, enriched
from tests.support import eventually
from ticket_assets.assets import runs as runs_module
from ticket_assets.assets.runs import batches_at_work
from ticket_assets.definitions import defs
from ticket_assets.domain.batches import BatchFailure
from ticket_assets.stores import books as module
from ticket_assets.stores.books import reconcile, replay


@pytest.fixture
def ledger(pipeline):
    return Ledger(pipeline)


def test_nothing_received_balances(ledger):
    assert counts(ledger.books()) == {}
    assert ledger.books().balanced


def test_an_enriched_ticket_and_a_quarantined_one_balance(ledger, pipeline):
    pipeline.raw.put("bad.json", b"{")
    pipeline.raw.put("notes.txt", b"no ticket")
    pipeline.enrich("bad.json")
    ledger.take(1)
    enriched(ledger, "T-1", "T-2")

    assert pipeline.batches.pending()  # a marker that stands counts only for what is not accounted for otherwise
    assert counts(ledger.books()) == {"received": 3, "enriched": 2, "quarantined": 1}
    assert ledger.books().balanced


@pytest.mark.parametrize("folder", ["pending", "deferred"])
def test_a_ticket_in_a_batch_with_a_marker_is_in_flight(ledger, pipeline, folder):
    batch = pipeline.land(pipeline.put("T-1"))
    ledger.lose_events(1)
    pipeline.batches.clear_pending(batch)
    pipeline.store.put(f"batches/{folder}/{batch}", b"")

    assert counts(ledger.books()) == {"received": 1, "in_batches": 1}


def run_of(pipeline: Pipeline, batch: str) -> dg.DagsterRun:
    job = defs.resolve_job_def("enrich_tickets")
    return pipeline.instance.create_run_for_job(job, tags={"dagster/partition": batch})


def test_a_ticket_in_a_batch_whose_run_is_not_finished_is_in_flight(ledger, pipeline):
    batch = pipeline.land(pipeline.put("T-1"))
    ledger.lose_events(1)
    pipeline.batches.clear_pending(batch)
    run_of(pipeline, batch)

    assert counts(ledger.books()) == {"received": 1, "in_batches": 1}


def test_a_ticket_in_a_batch_whose_run_just_failed_may_be_retried_and_later_is_missing(ledger, pipeline, monkeypatch):
    batch = pipeline.land(pipeline.put("T-1"))
    ledger.lose_events(1)
    assert not pipeline.run(batch, fake_suite(embedder=None), raise_on_error=False).success
    pipeline.batches.clear_pending(batch)

    assert counts(ledger.books()) == {"received": 1, "in_batches": 1}
    monkeypatch.setattr(runs_module, "SETTLED_SECONDS", -1)
    assert counts(ledger.books()) == {"received": 1, "missing": 1}


def test_a_ticket_in_a_batch_that_failed_for_good_is_failed_until_the_batch_is_run_again(ledger, pipeline):
    batch = pipeline.land(pipeline.put("T-1"))
    ledger.lose_events(1)
    pipeline.run(batch, fake_suite(embedder=None), raise_on_error=False)
    pipeline.batches.clear_pending(batch)
    pipeline.batches.record_failure(BatchFailure(batch=batch, run_id="r", error="e", at="2026-11-23T11:20:05Z"))

    assert counts(ledger.books()) == {"received": 1, "failed": 1}
    assert ledger.books().balanced
    run_of(pipeline, batch)
    assert counts(ledger.books()) == {"received": 1, "in_batches": 1}


def test_a_batch_of_another_bucket_accounts_for_nothing_here(ledger, pipeline):
    pipeline.batches.land("another-bucket", [pipeline.put("T-1")])
    ledger.lose_events(1)

    assert counts(ledger.books()) == {"received": 1, "missing": 1}


def test_of_the_unaccounted_the_newest_may_wait_in_the_queue_and_the_oldest_is_missing(ledger, pipeline):
    pipeline.put("T-old")
    ledger.lose_events(1)
    pipeline.next_second()
    pipeline.put("T-new")
    assert eventually(lambda: ledger.queue.depth()["waiting"])

    books = ledger.books()
    assert counts(books) == {"received": 2, "in_queue": 1, "missing": 1}
    assert books.names["missing"] == ["T-old.json"]
    assert not books.balanced
    assert ledger.queue.receive(1)  # in flight is in the queue too
    assert counts(ledger.books()) == {"received": 2, "in_queue": 1, "missing": 1}


def test_a_ticket_that_was_put_just_now_is_on_its_way_and_later_is_missing(ledger, pipeline, monkeypatch):
    pipeline.put("T-1")
    ledger.lose_events(1)

    monkeypatch.setattr(module, "UNHEARD_SECONDS", 120)
    assert counts(ledger.books()) == {"received": 1, "in_queue": 1}
    monkeypatch.setattr(module, "UNHEARD_SECONDS", 0)
    assert counts(ledger.books()) == {"received": 1, "missing": 1}


def test_a_ticket_that_is_put_again_while_the_books_are_made_is_on_its_way(ledger, pipeline, monkeypatch):
    monkeypatch.setattr(module, "UNHEARD_SECONDS", 1)
    pipeline.put("T-1")
    ledger.lose_events(1)
    pipeline.next_second()
    pipeline.next_second()
    asked = []

    def runs():
        asked.append(1)
        if len(asked) == 2:
            pipeline.put("T-1", subject="login_issue again")
        return batches_at_work(pipeline.instance)

    assert counts(ledger.books()) == {"received": 1, "missing": 1}
    assert counts(reconcile(ledger.stores, runs).books) == {"received": 1, "in_queue": 1}


def test_a_backlog_that_is_worked_off_while_the_books_are_made_is_not_called_missing(ledger, pipeline, monkeypatch):
    monkeypatch.setattr(module, "MOST_NAMED", 2)
    keys = [pipeline.put(f"T-{number}") for number in range(5)]
    assert eventually(lambda: ledger.queue.depth()["waiting"] == 5)

    def work_off(_: int) -> None:
        ledger.lose_events(5)
        pipeline.batches.clear_pending(pipeline.land(*keys))
        assert pipeline.enrich(*keys).success

    books = reconcile(ledger.stores, lambda: batches_at_work(pipeline.instance), work_off).books
    assert counts(books) == {"received": 5, "enriched": 2, "in_queue": 3}


def test_a_version_put_after_its_record_is_stale_and_a_replay_makes_it_good(ledger, pipeline):
    (key,) = enriched(ledger, "T-1")
    pipeline.next_second()
    pipeline.put("T-1", subject="login_issue again")
    ledger.lose_events(1)
    missing = pipeline.put("T-2")
    ledger.lose_events(1)

    found = ledger.look()
    assert counts(found.books) == {"received": 2, "stale": 1, "missing": 1}
    assert found.books.names["stale"] == [key]
    assert found.books.names["missing"] == [missing]
    replay(ledger.stores, found.lost)
    assert counts(ledger.books()) == {"received": 2, "in_queue": 2}

    assert pipeline.enrich(*ledger.take(2)).success
    assert counts(ledger.books()) == {"received": 2, "enriched": 2}
    assert ledger.books().balanced


@pytest.mark.parametrize("created_at", [1, 1_760_000_001], ids=["before", "after"])
def test_a_second_item_that_a_killed_writer_left_is_stale_and_a_replay_deletes_it(ledger, pipeline, created_at):
    (key,) = enriched(ledger, "T-1")
    (item,) = pipeline.stores["table"].items("T-1")
    pipeline.stores["table"].put({**item, "created_at": {"N": str(created_at)}}, None)

    found = ledger.look()
    assert counts(found.books) == {"received": 1, "stale": 1}
    assert found.books.names["stale"] == [key]
    replay(ledger.stores, found.lost)
    assert pipeline.enrich(*ledger.take(1)).success

    assert counts(ledger.books()) == {"received": 1, "enriched": 1}
    assert [item["created_at"] for item in pipeline.items("T-1")] == [1_760_000_000]


def test_a_record_without_its_item_is_missing(ledger, pipeline):
    enriched(ledger, "T-1")
    (item,) = pipeline.stores["table"].items("T-1")
    pipeline.stores["table"].delete(item)

    books = ledger.books()
    assert counts(books) == {"received": 1, "missing": 1}
    assert books.names["missing"] == ["T-1.json"]


def test_a_quarantine_entry_of_an_older_version_accounts_for_nothing(ledger, pipeline):
    pipeline.raw.put("T-1.json", b"{")
    assert pipeline.enrich("T-1.json").success
    for batch in pipeline.batches.pending():
        pipeline.batches.clear_pending(batch)
    pipeline.next_second()
    pipeline.put("T-1")
    ledger.lose_events(2)

    assert counts(ledger.books()) == {"received": 1, "missing": 1}
