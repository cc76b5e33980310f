"""The books over a real pipeline that works on meanwhile, or is large; and the job that makes them."""

import json

import dagster as dg
import pytest

from tests.fakes import fake_suite
from tests.pipeline.conftest import Pipeline
from tests.pipeline.ledger import Ledger, counts, enriched
from tests.support import told
from ticket_assets.assets.freshness import CHECK as WAITING_CHECK
from ticket_assets.assets.runs import batches_at_work
from ticket_assets.assets.ticket_books import SEARCH_CHECK
from ticket_assets.definitions import build_definitions
from ticket_assets.stores import books as module
from ticket_assets.stores.books import reconcile


@pytest.fixture
def ledger(pipeline):
    return Ledger(pipeline)


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
    checks = {check.check_name: check for check in result.get_asset_check_evaluations()}
    assert checks.keys() == {"the_books_balance", SEARCH_CHECK, WAITING_CHECK}
    return told(result, "ticket_books"), checks["the_books_balance"]


def test_the_job_plots_every_count_and_its_check_passes_where_the_books_balance(ledger, pipeline):
    enriched(ledger, "T-1")

    metadata, check = materialized(pipeline)
    assert metadata.pop("model_versions") == {fake_suite().version: 1}
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
