import pytest

from resources.aws import AwsUnavailable, aws_errors
from resources.dynamodb import DynamoDBTable, from_item, to_item
from resources.object_store import WriteConflict
from tests.support import eventually, item_record, stamp
from tickets_cli.provisioning import index_name


def test_a_put_over_an_item_happens_only_while_it_stands(table):
    first, second, third = (
        to_item({"ticket_id": "T-1", "created_at": 1, "stamp": text}) for text in ("first", "second", "third")
    )
    table.put(first, None)
    table.put(second, first)

    for seen in (None, first):
        with pytest.raises(WriteConflict):
            table.put(third, seen)
    assert table.items("T-1") == [second]


def test_an_item_that_changed_since_it_was_seen_is_not_deleted(table):
    seen, changed = (to_item({"ticket_id": "T-1", "created_at": 1, "stamp": text}) for text in ("seen", "changed"))
    table.put(changed, None)

    with pytest.raises(WriteConflict):
        table.delete(seen)
    table.delete(changed)
    assert table.items("T-1") == []


def big(created_at: int, **values: object) -> dict:
    """An item of about 300 KB: four are more than a query's page of 1 MB holds, in an index that lists subjects too."""
    return to_item(
        {"ticket_id": "T-1", "created_at": created_at, "subject": "s" * 300_000, "urgency": "high", **values}
    )


def test_the_items_of_one_ticket_are_found_beyond_the_first_page(table):
    for created_at in range(5):
        table.put(big(created_at), None)

    assert [from_item(item)["created_at"] for item in table.items("T-1")] == [0, 1, 2, 3, 4]


def test_a_glance_gives_the_named_attributes_alone_beyond_the_first_page(table):
    for created_at in range(5):
        table.put(big(created_at, stamp=f"s{created_at}"), None)

    def seen():
        return [from_item(item) for item in table.glance("T-1", ("stamp", "not there"))]

    assert eventually(lambda: len(seen()) == 5)
    assert seen() == [{"stamp": f"s{created_at}"} for created_at in range(5)]


def test_items_whose_text_sorts_before_another_are_counted_and_named_beyond_the_first_page(table):
    for number in range(9):
        table.put(big(number, ticket_id=f"T-{number}", processed_at=f"2026-01-0{number}T00:00:00Z"), None)
    table.put(to_item({"ticket_id": "T-without", "created_at": 1}), None)

    before = ("processed_at", "2026-01-07T00:00:00Z")
    assert eventually(lambda: table.count_older(*before) == 7)
    assert sorted(table.hash_keys_older(*before)) == [f"T-{number}" for number in range(7)]


def test_an_index_gives_the_newest_first_beyond_its_first_page(table):
    for created_at in range(5):
        table.put(big(created_at, ticket_id=f"T-{created_at}"), None)

    def newest():
        return [item["created_at"] for item in table.newest(index_name("urgency"), "urgency", "high", 10)]

    assert eventually(lambda: len(newest()) == 5)
    assert newest() == [4, 3, 2, 1, 0]


def test_an_index_gives_at_most_what_is_asked_for_of_this_value_alone(manager, table):
    for number in range(4):
        manager.write(item_record(stamp(1), created_at=number, ticket_id=f"T-{number}", customer_id=f"C-{number % 3}"))

    def newest(limit: int):
        return [i["ticket_id"] for i in table.newest(index_name("customer_id"), "customer_id", "C-0", limit)]

    assert eventually(lambda: len(newest(10)) == 2)
    assert newest(10) == ["T-3", "T-0"]
    assert newest(1) == ["T-3"]


def test_an_index_shows_what_a_list_view_needs(manager, table):
    manager.write(item_record(stamp(1), priority="high"))

    (item,) = eventually(lambda: table.newest(index_name("sentiment"), "sentiment", "NEGATIVE", 1))

    assert {
        "ticket_id", "created_at", "subject", "summary", "priority", "s3_key", "intent", "intent_confidence",
        "urgency", "urgency_confidence", "sentiment", "sentiment_confidence",
    } <= set(item)  # fmt: skip


@pytest.mark.parametrize(
    "value", [0.1, 1e-12, 0.30000000000000004, 0.9999999999999999, 0.0, 7, 99_999_999_999, "", "1", None, True]
)
def test_a_value_survives_the_way_to_an_attribute_and_back(value):
    assert from_item(to_item({"value": value})) == {"value": value}


def test_a_table_that_does_not_exist_is_the_operators_to_set_up(aws_endpoint):
    table = DynamoDBTable(name="there-is-no-such-table", hash_key="ticket_id", range_key="created_at")

    with pytest.raises(AwsUnavailable, match=f"a table at {aws_endpoint} is missing.*tickets setup"), aws_errors():
        table.items("T-1")
