from typing import Annotated, Any

import dagster as dg
import pytest
from pydantic import BaseModel, Field

from resources.object_store import ObjectMissing
from resources.parquet_io import S3ParquetIOManager
from tests.support import store, told


class Row(BaseModel):
    name: str
    vector: Annotated[list[float], Field(min_length=2, max_length=2)] | None = None


ROWS = [Row(name="caf\u00e9", vector=[0.5, 1.0]), Row(name="b")]
ROWS_TYPE: Any = list[Row]
PARTITIONS = dg.StaticPartitionsDefinition(["b-1", "b-2"])


@pytest.fixture
def manager(settings):
    return S3ParquetIOManager(store=store(settings.pipeline_bucket))


def assets(rows: list[Row]):
    """An asset of these rows and one that reads them, and the list of what it reads."""
    read: list[list[Row]] = []

    @dg.asset(partitions_def=PARTITIONS, io_manager_key="io", dagster_type=ROWS_TYPE)
    def some_rows():
        return dg.MaterializeResult(value=rows, metadata={"own": 1})

    @dg.asset(partitions_def=PARTITIONS)
    def reader(some_rows: list[Row]) -> None:
        read.append(some_rows)

    return [some_rows, reader], read


def materialize(definitions, manager, **more) -> dg.ExecuteInProcessResult:
    return dg.materialize(definitions, partition_key="b-1", resources={"io": manager}, **more)


@pytest.mark.parametrize("rows", [ROWS, []], ids=["rows", "no rows"])
def test_the_rows_of_one_asset_are_read_by_the_next(manager, rows):
    definitions, read = assets(rows)

    materialize(definitions, manager)

    assert read == [rows]


def test_a_partitions_rows_lie_in_a_file_named_after_asset_and_partition(manager):
    definitions, _ = assets(ROWS)

    materialize(definitions, manager)

    assert list(manager.store.list_keys()) == ["assets/some_rows/b-1.parquet"]


@pytest.mark.parametrize("rows", [ROWS, []], ids=["rows", "no rows"])
def test_the_materialization_tells_row_count_schema_preview_and_place(manager, rows):
    definitions, _ = assets(rows)

    metadata = told(materialize(definitions, manager), "some_rows")

    assert metadata["dagster/partition_row_count"] == len(rows)
    assert [column.name for column in metadata["dagster/column_schema"].columns] == ["name", "vector"]
    assert ("caf\u00e9" if rows else "no rows") in metadata["preview"]
    assert metadata["path"] == f"s3://{manager.store.bucket}/assets/some_rows/b-1.parquet"
    assert metadata["own"] == 1


def test_rows_are_replaced_when_their_partition_is_made_again(manager):
    first, _ = assets(ROWS)
    again, read = assets(ROWS[1:])
    materialize(first, manager)

    materialize(again, manager)

    assert read == [ROWS[1:]]


def test_a_missing_file_is_named_with_the_asset_that_makes_it(manager):
    definitions, read = assets(ROWS)

    with pytest.raises(ObjectMissing) as caught:
        materialize(definitions, manager, selection=["reader"])

    assert f"s3://{manager.store.bucket}/assets/some_rows/b-1.parquet" in str(caught.value)
    assert "materialize some_rows" in str(caught.value)
    assert read == []


def test_an_asset_without_a_row_type_is_refused_with_what_to_do(manager):
    @dg.asset(partitions_def=PARTITIONS, io_manager_key="io")
    def untyped():
        return ROWS

    with pytest.raises(TypeError, match=r"untyped .*list\[Model\]"):
        materialize([untyped], manager)
