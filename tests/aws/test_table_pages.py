"""A table page by page: all of it, or what an index has, with attributes that the index does not project."""

import random
from itertools import islice

import pytest

from resources import table_pages as module
from resources.aws import client
from resources.dynamodb import DynamoDBTable
from resources.dynamodb_io import DynamoDBIOManager
from resources.table_pages import queried, sampled, scanned, size
from tests.conftest import own_settings
from tests.support import item_record, stamp, store

ATTRIBUTES = ("batch", "language", "created_at", "s3_key")


@pytest.fixture(scope="module")
def filled(aws_endpoint):
    """A table with 130 items, of which 120 have one urgency; all tests of this file read it."""
    settings = own_settings()
    table = DynamoDBTable(name=settings.table, hash_key="ticket_id", range_key="created_at")
    manager = DynamoDBIOManager(table=table, sources=store(settings.raw_bucket))
    for n in range(130):
        manager.write(item_record(stamp(100), ticket_id=f"T-{n}", batch=f"b-{n}"))
    for n in range(120, 130):
        client("dynamodb").update_item(
            TableName=table.name,
            Key={"ticket_id": {"S": f"T-{n}"}, "created_at": {"N": "100"}},
            UpdateExpression="SET urgency = :u",
            ExpressionAttributeValues={":u": {"S": "low"}},
        )
    return table


def test_a_scan_gives_every_item_with_what_was_asked_for(filled):
    items = [item for page in scanned(filled, ATTRIBUTES) for item in page]

    assert {item["batch"] for item in items} == {f"b-{n}" for n in range(130)}
    assert all(set(item) == set(ATTRIBUTES) for item in items)


def test_a_query_gives_the_items_of_one_value_with_attributes_that_the_index_lacks(filled):
    pages = list(queried(filled, "urgency-index", "urgency", "high", ATTRIBUTES))

    assert [len(page) for page in pages] == [100, 20]
    assert {item["s3_key"] for page in pages for item in page} == {f"T-{n}.json" for n in range(120)}
    assert all(set(item) == set(ATTRIBUTES) for page in pages for item in page)


def test_what_dynamodb_does_not_give_at_once_is_asked_again(filled):
    """A throttled table gives a part; the answer is cut here as DynamoDB would cut it."""
    cut = []

    def keep_half(parsed: dict, **_: object) -> None:
        items = parsed["Responses"][filled.name]
        if not cut and len(items) > 1:
            cut.extend(items[1:])
            keys = [{name: item[name] for name in ("ticket_id", "created_at")} for item in cut]
            parsed["Responses"][filled.name] = items[:1]
            parsed["UnprocessedKeys"] = {filled.name: {"Keys": keys}}

    client("dynamodb").meta.events.register("after-call.dynamodb.BatchGetItem", keep_half)
    try:
        pages = queried(filled, "urgency-index", "urgency", "low", ("ticket_id", "created_at"))
        found = [item["ticket_id"] for page in pages for item in page]
    finally:
        client("dynamodb").meta.events.unregister("after-call.dynamodb.BatchGetItem", keep_half)
    assert cut
    assert sorted(found) == sorted(f"T-{n}" for n in range(120, 130))


def test_the_size_is_told_in_items_and_read_units(filled):
    about = size(filled)

    assert about.items in {0, 130}  # AWS counts every six hours
    assert about.read_units >= 0


@pytest.mark.parametrize("small", [module.SMALL, 10], ids=["a small table", "a server that knows no random places"])
def test_a_sample_gives_every_item_once_in_random_order(filled, monkeypatch, small):
    monkeypatch.setattr(module, "SMALL", small)
    first, second = ([item["ticket_id"] for item in sampled(filled, ("batch",))] for _ in "ab")

    assert sorted(first) == sorted(f"T-{n}" for n in range(130))
    assert first not in (sorted(first), second)


def test_a_large_table_is_read_at_random_places_and_not_whole(filled, monkeypatch):
    monkeypatch.setattr(module, "SMALL", 10)
    reads = []

    def somewhere(*_):
        # What DynamoDB does, and the local server does not: four items after a place that is no item's.
        reads.append(1)
        start = random.randrange(130)
        numbers = ((start + n) % 130 for n in range(module.NEIGHBOURS))
        return [{"ticket_id": f"T-{number}", "computed": {"intent": "other"}} for number in numbers]

    monkeypatch.setattr(module, "_somewhere", somewhere)
    found = [item["ticket_id"] for item in islice(sampled(filled, ("batch",)), 60)]

    assert len(set(found)) == 60
    assert len(reads) == module.PLACES
    everything = [item["ticket_id"] for item in sampled(filled, ("batch",))]
    assert len(everything) == len(set(everything)) <= 130


def test_a_sample_of_nothing_is_empty(table, monkeypatch):
    assert list(sampled(table, ("batch",))) == []
    monkeypatch.setattr(module, "SMALL", -1)
    assert list(sampled(table, ("batch",))) == []
