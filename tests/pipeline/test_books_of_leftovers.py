"""The books over a real pipeline: records without an object, items without a record, and tombstones."""

from datetime import UTC, datetime

import pytest

from resources.dynamodb import to_item
from resources.dynamodb_io import DynamoDBIOManager
from tests.pipeline.conftest import Pipeline
from tests.pipeline.ledger import Ledger, counts, enriched
from tests.support import item_record, stamp
from ticket_assets.assets.runs import batches_at_work
from ticket_assets.stores import books as module
from ticket_assets.stores.books import reconcile


@pytest.fixture
def ledger(pipeline):
    return Ledger(pipeline)


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
