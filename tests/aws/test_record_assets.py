"""Records as the values of assets: what a run writes, reads again and tells."""

import dagster as dg
import pytest

from resources.object_store import ObjectMissing, S3ObjectStore, StoredObject
from resources.ordering import Record
from resources.record_io import S3RecordIOManager
from tests.aws.notes import NOTES_TYPE, Note, note
from tests.support import stamp, told

PARTITIONS = dg.StaticPartitionsDefinition(["b-1", "b-2"])


def assets(records: list[Record[Note]]):
    """An asset of these records and one that reads them, and the list of what it reads."""
    read: list[list[Record[Note]]] = []

    @dg.asset(partitions_def=PARTITIONS, io_manager_key="io", dagster_type=NOTES_TYPE)
    def notes():
        return dg.MaterializeResult(value=records)

    @dg.asset(partitions_def=PARTITIONS)
    def reader(notes: list[Record[Note]]) -> None:
        read.append(notes)

    return [notes, reader], read


def materialize(definitions, record_io, **more) -> dg.ExecuteInProcessResult:
    return dg.materialize(definitions, partition_key="b-1", resources={"io": record_io}, **more)


def test_the_records_of_one_asset_are_read_by_the_next(record_io):
    records = [note(stamp(age), key=f"T-{age}.json", batch="b-1") for age in (3, 1, 2)]
    definitions, read = assets(records)

    materialize(definitions, record_io)

    assert read == [records]


def test_a_partition_of_no_records_is_read_as_none(record_io):
    definitions, read = assets([])

    metadata = told(materialize(definitions, record_io), "notes")

    assert read == [[]]
    assert metadata["dagster/partition_row_count"] == 0


def test_what_a_run_wrote_is_not_fetched_again_and_another_run_gets_what_stands(record_io):
    fetched: list[str] = []

    class Counting(S3ObjectStore):
        def find(self, key: str, limit: int | None = None) -> StoredObject | None:
            fetched.append(key)
            return super().find(key, limit)

    counting = S3RecordIOManager(
        records=Counting(bucket=record_io.records.bucket), sources=record_io.sources, receipts=record_io.receipts
    )
    own, other, newer = note(stamp(1)), note(stamp(1), key="T-2.json"), note(stamp(9), key="T-2.json")
    record_io.write(newer)
    definitions, read = assets([own, other])

    materialize(definitions, counting)
    assert (read.pop(), fetched) == ([own, newer], ["T-2.json"])

    materialize(definitions, counting, selection=["notes"])
    record_io.write(note(stamp(9)))
    materialize(definitions, counting, selection=["reader"])
    assert read.pop() == [note(stamp(9)), newer]


def test_reading_gives_the_records_as_they_stand(record_io):
    newer = note(stamp(9))
    record_io.write(newer)
    definitions, read = assets([note(stamp(1))])

    materialize(definitions, record_io)

    assert read == [[newer]]


def test_the_materialization_tells_counts_schema_and_place(record_io):
    record_io.write(note(stamp(9)))
    definitions, _ = assets([note(stamp(1)), note(stamp(1), key="T-2.json")])

    metadata = told(materialize(definitions, record_io), "notes")

    assert metadata["dagster/partition_row_count"] == 2
    assert (metadata["written"], metadata["superseded"]) == (1, 1)
    assert [column.name for column in metadata["dagster/column_schema"].columns] == ["text"]
    assert metadata["path"] == f"s3://{record_io.records.bucket}/"


def test_a_record_that_is_gone_since_is_named(record_io):
    definitions, _ = assets([note(stamp(1)), note(stamp(1), key="T-2.json")])
    materialize(definitions, record_io)
    record_io.records.delete("T-2.json")

    with pytest.raises(ObjectMissing, match=rf"s3://{record_io.records.bucket}/T-2\.json"):
        materialize(definitions, record_io, selection=["reader"])


def test_a_partition_that_was_never_made_is_named(record_io):
    definitions, _ = assets([])

    with pytest.raises(ObjectMissing, match=r"assets/notes/b-1\.parquet"):
        materialize(definitions, record_io, selection=["reader"])
