"""The books over a real pipeline: each thing that can become of a ticket, made to happen."""

import json
from datetime import UTC, datetime

import dagster as dg
import pytest

from resources.dynamodb import to_item
from resources.dynamodb_io import DynamoDBIOManager
from resources.queue import SqsQueue
from sensors.planning import intake
from tests.fakes import fake_suite
from tests.pipeline.conftest import Pipeline
from tests.support import eventually, item_record, stamp, told
from ticket_assets.assets import runs as runs_module
from ticket_assets.assets.runs import batches_at_work
from ticket_assets.definitions import build_definitions
from ticket_assets.domain.batches import BatchFailure
from ticket_assets.domain.books import Books
from ticket_assets.stores import books as module
from ticket_assets.stores.books import Reconciled, reconcile, replay
from ticket_assets.stores.inventory import Stores


class Ledger:
    """The books of a pipeline whose queue a test fills and empties."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.stores = Stores.of(pipeline.stores)
        self.queue: SqsQueue = pipeline.stores["queue"]
        self.queue.delete(self.queue.drain(1, 0, 100))  # S3's test event, which would be taken for a ticket's

    def look(self) -> Reconciled:
        return reconcile(self.stores, lambda: batches_at_work(self.pipeline.instance))

    def books(self) -> Books:
        return self.look().books

    def lose_events(self, count: int) -> None:
        """As if the notification had not been there: `count` messages go unheard."""
        assert len(self.take(count)) == count
        assert sum(self.queue.depth().values()) == 0

    def take(self, count: int) -> list[str]:
        """The keys that `count` messages name, received and deleted."""
        messages = []

        def look() -> bool:
            messages.extend(self.queue.receive(1))
            return len(messages) >= count

        assert eventually(look), f"{len(messages)} of {count} messages came"
        self.queue.delete(messages)
        bucket = self.pipeline.settings.raw_bucket
        return [key for message in messages for key in intake([message], bucket).keys]


@pytest.fixture
def ledger(pipeline):
    return Ledger(pipeline)


def counts(books: Books) -> dict[str, int]:
    """The counts that are not nought."""
    numbers = books.model_dump(exclude={"names", "notes", "balanced", "in_flight"})
    return {name: count for name, count in numbers.items() if count}


def enriched(ledger: Ledger, *ticket_ids: str) -> list[str]:
    """Put, heard of, enriched, all done."""
    keys = [ledger.pipeline.put(ticket_id) for ticket_id in ticket_ids]
    ledger.take(len(keys))
    batch = ledger.pipeline.land(*keys)
    assert ledger.pipeline.run(batch).success
    ledger.pipeline.batches.clear_pending(batch)
    return keys


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
    job = build_definitions({}, pipeline.settings).resolve_job_def("enrich_tickets")
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


def test_a_record_whose_raw_object_is_gone_is_orphaned_and_balances(ledger, pipeline):
    enriched(ledger, "T-1", "T-2")
    pipeline.raw.delete("T-1.json")

    books = ledger.books()
    assert counts(books) == {"received": 1, "enriched": 1, "orphaned": 1}
    assert books.names["orphaned"] == ["T-1.json"]
    assert books.balanced


def forget(pipeline: Pipeline, ticket_id: str) -> None:
    """What stands for an erased ticket, written as erasure does."""
    age = stamp(99_999_999_999, 9_999_999_999, 9_999_999_999, "forgotten").attributes()
    pipeline.records.put(f"{ticket_id}.json", b"{}", metadata=age)
    pipeline.stores["table"].put(to_item({"ticket_id": ticket_id, "created_at": 0, **age}), None)


def test_a_tombstone_is_forgotten_and_neither_orphaned_nor_enriched(ledger, pipeline):
    forget(pipeline, "T-1")
    forget(pipeline, "T-2")
    (item,) = pipeline.stores["table"].items("T-2")
    pipeline.stores["table"].delete(item)
    assert counts(ledger.books()) == {"forgotten": 2}

    pipeline.put("T-1")
    ledger.lose_events(1)
    assert counts(ledger.books()) == {"received": 1, "stale": 1, "forgotten": 1}


def put_item(pipeline: Pipeline, ticket_id: str, made_at: str) -> None:
    record = item_record(stamp(1), ticket_id=ticket_id)
    record.body.processed_at = made_at
    DynamoDBIOManager(table=pipeline.stores["table"], sources=pipeline.raw).write(record)


def test_an_item_without_a_record_is_named_and_does_not_balance(ledger, pipeline):
    enriched(ledger, "T-1", "T-2")
    put_item(pipeline, "T-0", "2026-01-02T03:04:05Z")

    books = ledger.books()
    assert counts(books) == {"received": 2, "enriched": 2, "items_without_record": 1}
    assert books.names["items_without_record"] == ["T-0"]
    assert not books.balanced


def test_an_item_made_just_now_may_have_its_record_listed_later(ledger, pipeline):
    put_item(pipeline, "T-0", f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}")

    assert ledger.books().balanced


def test_items_that_have_their_records_are_never_named(ledger, pipeline, monkeypatch):
    monkeypatch.setattr(module, "SETTLED_SECONDS", -60)
    enriched(ledger, "T-1", "T-2")
    put_item(pipeline, "T-0", "2026-01-02T03:04:05Z")

    assert ledger.books().names["items_without_record"] == ["T-0"]


def test_an_item_without_a_record_is_named_though_a_backfill_makes_others_anew_meanwhile(ledger, pipeline):
    (key,) = enriched(ledger, "T-1")
    (item,) = pipeline.stores["table"].items("T-1")
    pipeline.stores["table"].overwrite({**item, "processed_at": {"S": "2026-01-02T03:04:05Z"}})
    put_item(pipeline, "T-0", "2026-01-02T03:04:05Z")
    asked = []

    def runs():
        asked.append(1)
        if len(asked) == 2:  # after the walk
            assert pipeline.enrich(key).success
        return batches_at_work(pipeline.instance)

    assert reconcile(ledger.stores, runs).books.names["items_without_record"] == ["T-0"]


def test_what_is_done_while_the_books_are_made_is_not_called_missing(ledger, pipeline):
    """The first look at Dagster happens before the walk, the second after it: meanwhile the ticket is enriched."""
    key = pipeline.put("T-1")
    ledger.lose_events(1)
    asked = []

    def runs():
        asked.append(1)
        if len(asked) == 2:
            pipeline.batches.clear_pending(pipeline.land(key))
            assert pipeline.run(pipeline.land(key)).success
        return batches_at_work(pipeline.instance)

    assert counts(reconcile(ledger.stores, runs).books) == {"received": 1, "enriched": 1}


def test_what_is_deleted_while_the_books_are_made_was_not_received(ledger, pipeline):
    key = pipeline.put("T-1")
    ledger.lose_events(1)
    asked = []

    def runs():
        asked.append(1)
        if len(asked) == 2:
            pipeline.raw.delete(key)
        return batches_at_work(pipeline.instance)

    assert counts(reconcile(ledger.stores, runs).books) == {}


def test_beyond_what_is_kept_by_name_the_rest_is_counted(ledger, pipeline, monkeypatch):
    monkeypatch.setattr(module, "MOST_NAMED", 2)
    for number in range(4):
        pipeline.put(f"T-{number}")
    ledger.lose_events(4)

    found = ledger.look()
    assert counts(found.books) == {"received": 4, "missing": 4}
    assert len(found.lost) == len(found.books.names["missing"]) == 2
    assert "2 more" in found.books.notes[0]


def test_tickets_on_several_pages_are_all_compared_and_progress_is_told(ledger, pipeline, monkeypatch):
    monkeypatch.setattr(module, "PAGE", 2)
    enriched(ledger, *(f"T-{number}" for number in range(5)))
    told_keys: list[int] = []

    books = reconcile(ledger.stores, lambda: batches_at_work(pipeline.instance), told_keys.append).books
    assert counts(books) == {"received": 5, "enriched": 5}
    assert told_keys == [2, 4, 5]


def materialized(pipeline: Pipeline) -> tuple[dict, dg.AssetCheckEvaluation]:
    definitions = build_definitions({"models": fake_suite()}, pipeline.settings)
    job = definitions.resolve_job_def("reconcile_tickets")
    result = job.execute_in_process(instance=pipeline.instance)
    assert result.success
    (check,) = result.get_asset_check_evaluations()
    assert check.check_name == "the_books_balance"
    return told(result, "ticket_books"), check


def test_the_job_plots_every_count_and_its_check_passes_where_the_books_balance(ledger, pipeline):
    enriched(ledger, "T-1")

    metadata, check = materialized(pipeline)
    assert {name: count for name, count in metadata.items() if count} == {"received": 1, "enriched": 1}
    assert metadata.keys() >= {"in_flight", "failed", "missing", "stale", "orphaned", "items_without_record"}
    assert all(type(count) is int for count in metadata.values())
    assert check.passed


def test_the_check_of_books_that_do_not_balance_names_the_tickets_and_what_to_do(ledger, pipeline):
    pipeline.put("T-1")
    ledger.lose_events(1)

    metadata, check = materialized(pipeline)
    assert metadata["missing"] == 1
    assert not check.passed
    assert "tickets reconcile --replay" in (check.description or "")
    assert json.dumps(check.metadata["names"].value) == '{"missing": ["T-1.json"]}'
