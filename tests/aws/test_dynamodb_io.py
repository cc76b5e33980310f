import random
from collections.abc import Callable
from functools import partial
from typing import Any

import dagster as dg
import pytest

from resources.aws import concurrently
from resources.corrections import entry, history, with_history
from resources.dynamodb import DynamoDBTable, Item, from_item, to_item
from resources.dynamodb_io import DynamoDBIOManager
from resources.ordering import Outcome, Record, Stamp
from tests.support import item_record, stamp, told
from ticket_assets.domain.models import TicketItem

ITEMS_TYPE: Any = list[Record[TicketItem]]


def interrupted(manager: DynamoDBIOManager, by: Callable[[], object], look: int) -> DynamoDBIOManager:
    """A manager whose look at what stands, the first or the second, is followed by all that `by` does."""
    looks = iter(range(1, 100))

    class InterruptedTable(DynamoDBTable):
        def items(self, hash_value: str) -> list[Item]:
            found = super().items(hash_value)
            if next(looks) == look:
                by()
            return found

    table = InterruptedTable(name=manager.table.name, hash_key="ticket_id", range_key="created_at")
    return DynamoDBIOManager(table=table, sources=manager.sources)


def standing(table: DynamoDBTable, ticket_id: str = "T-1") -> list[tuple[int, Stamp | None]]:
    """The range key and the stamp of each of the ticket's items."""
    found = [from_item(item) for item in table.items(ticket_id)]
    return [(item["created_at"], Stamp.parse(item)) for item in found]


def test_an_item_holds_the_contracts_attributes_and_the_stamp_never_the_vector(manager, table):
    written = item_record(stamp(5, 6.25, 7.125), priority="high")

    assert manager.write(written) is Outcome.WRITTEN

    (item,) = [from_item(item) for item in table.items("T-1")]
    assert {name: item.pop(name) for name in written.attributes()} == written.attributes()
    assert item == written.body.model_dump()
    assert isinstance(item["created_at"], int)
    assert "embedding" not in item


def test_what_is_absent_is_no_attribute(manager, table):
    manager.write(item_record(stamp(1), customer_id=""))

    (item,) = table.items("T-1")

    assert not {"priority", "customer_id"} & set(item)


@pytest.mark.parametrize("created_at", [100, 99, 101], ids=["same", "earlier", "later"])
def test_a_newer_version_replaces_an_older_one_also_where_created_at_changed(manager, table, created_at):
    manager.write(item_record(stamp(1), 100))

    assert manager.write(item_record(stamp(2), created_at)) is Outcome.WRITTEN
    assert standing(table) == [(created_at, stamp(2))]


@pytest.mark.parametrize("created_at", [100, 99, 101], ids=["same", "earlier", "later"])
def test_an_older_version_never_replaces_a_newer_one(manager, table, created_at):
    manager.write(item_record(stamp(2), 100))

    assert manager.write(item_record(stamp(1), created_at)) is Outcome.SUPERSEDED
    assert standing(table) == [(100, stamp(2))]


def test_a_record_of_an_equal_stamp_is_written_again(manager, table):
    manager.write(item_record(stamp(1), batch="b-1"))

    assert manager.write(item_record(stamp(1), batch="b-2")) is Outcome.WRITTEN
    assert [from_item(item)["batch"] for item in table.items("T-1")] == ["b-2"]


def test_an_item_that_another_tool_wrote_is_replaced(manager, table):
    for created_at in (100, 200):
        table.put(to_item({"ticket_id": "T-1", "created_at": created_at}), None)

    assert manager.write(item_record(stamp(1), 100)) is Outcome.WRITTEN
    assert standing(table) == [(100, stamp(1))]


@pytest.mark.parametrize("created_at", [100, 101], ids=["same created_at", "another created_at"])
@pytest.mark.parametrize("current_is_written", ["first", "last"])
def test_of_two_versions_of_one_second_the_sources_own_stands_whichever_writes_last(
    manager, table, current_is_written, created_at
):
    etag = manager.sources.put("T-1.json", b"current")
    current = item_record(stamp(1, read_at=1, etag=etag), 100)
    outdated = item_record(stamp(1, read_at=9, etag="outdated"), created_at)
    order = [current, outdated] if current_is_written == "first" else [outdated, current]

    for written in order:
        manager.write(written)

    assert standing(table) == [(100, current.stamp)]


@pytest.mark.parametrize("look", [1, 2], ids=["before the put", "after the put"])
@pytest.mark.parametrize(
    "before", [None, 100, 50], ids=["nothing stood", "an older one stood", "one of another time stood"]
)
@pytest.mark.parametrize("created_at", [100, 101], ids=["same created_at", "another created_at"])
@pytest.mark.parametrize(("own", "other"), [(2, 3), (3, 2)], ids=["newer", "older"])
def test_a_writer_after_a_look_is_noticed_and_one_item_is_left(manager, table, look, before, created_at, own, other):
    if before is not None:
        manager.write(item_record(stamp(1), before))

    another = partial(manager.write, item_record(stamp(other), created_at))
    interrupted(manager, by=another, look=look).write(item_record(stamp(own), 100))

    assert standing(table) == [(100 if own == 3 else created_at, stamp(3))]


DECISION = entry("2026-01-01T00:00:00Z", {"urgency": {"S": "low"}})


@pytest.mark.parametrize("look", [1, 2], ids=["before the put", "between put and delete"])
def test_a_decision_on_the_item_that_is_about_to_go_moves_with_the_record(manager, table, look):
    manager.write(item_record(stamp(1), 100))
    (old,) = table.items("T-1")  # as the person's command read it

    interrupted(manager, lambda: table.put(with_history(old, [DECISION]), old), look).write(item_record(stamp(2), 200))

    (item,) = table.items("T-1")
    assert (item["created_at"]["N"], item["urgency"]["S"]) == ("200", "low")
    assert history([item]) == [DECISION]


def test_a_decision_on_what_a_superseded_writer_left_is_handed_on(manager, table):
    older, newer = item_record(stamp(1), 100), item_record(stamp(2), 200)
    manager.write(newer)
    left = to_item({**older.attributes(), **older.body.model_dump(exclude_none=True)})
    table.put(with_history(left, [DECISION]), None)

    manager.write(older)

    (item,) = table.items("T-1")
    assert (item["created_at"]["N"], item["urgency"]["S"]) == ("200", "low")


def test_what_a_killed_writer_left_behind_goes_when_it_writes_again(manager, table):
    older, newer = item_record(stamp(1), 100), item_record(stamp(2), 200)
    manager.write(newer)
    # Killed between its put and its second look.
    table.put(to_item({**older.attributes(), **older.body.model_dump(exclude_none=True)}), None)

    manager.write(older)

    assert standing(table) == [(200, stamp(2))]


@pytest.mark.parametrize("spread", [1, 3, 20], ids=["one created_at", "three", "twenty"])
def test_of_twenty_racing_writers_the_newest_alone_stands(manager, table, spread):
    records = [item_record(stamp(age), created_at=100 + age % spread) for age in range(1, 21)]
    random.Random(7).shuffle(records)

    outcomes = concurrently(manager.write, records, workers=20)

    assert standing(table) == [(100 + 20 % spread, stamp(20))]
    assert dict(zip((r.stamp.last_modified for r in records), outcomes, strict=True))[20] is Outcome.WRITTEN


def test_of_twenty_racing_writers_of_one_second_the_sources_own_alone_stands(manager, table):
    etag = manager.sources.put("T-1.json", b"current")
    outdated = [item_record(stamp(1, read_at=2, etag=f"old-{n}"), created_at=200 + n % 3) for n in range(19)]
    current = item_record(stamp(1, read_at=1, etag=etag), created_at=201)

    concurrently(manager.write, [*outdated[:10], current, *outdated[10:]], workers=20)

    assert standing(table) == [(201, current.stamp)]


def test_a_race_for_one_ticket_leaves_another_alone(manager, table):
    manager.write(item_record(stamp(1), ticket_id="T-2"))

    concurrently(manager.write, [item_record(stamp(age), created_at=age) for age in range(1, 6)])

    assert standing(table, "T-2") == [(100, stamp(1))]


def test_the_materialization_tells_counts_schema_preview_and_table(manager, table):
    manager.write(item_record(stamp(9)))
    records = [item_record(stamp(1)), item_record(stamp(1), ticket_id="T-2")]

    @dg.asset(partitions_def=dg.StaticPartitionsDefinition(["b-1"]), dagster_type=ITEMS_TYPE)
    def items():
        return dg.MaterializeResult(value=records)

    result = dg.materialize([items], partition_key="b-1", resources={"io_manager": manager})

    metadata = told(result, "items")
    assert metadata["dagster/partition_row_count"] == 2
    assert (metadata["written"], metadata["superseded"]) == (1, 1)
    assert [column.name for column in metadata["dagster/column_schema"].columns] == list(TicketItem.model_fields)
    assert "T-2" in metadata["preview"]
    assert metadata["dagster/table_name"] == table.name
