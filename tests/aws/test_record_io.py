import random
from typing import Any

import dagster as dg
import pytest
from pydantic import BaseModel

from resources.aws import concurrently
from resources.object_store import ObjectMissing, S3ObjectStore, StoredObject
from resources.ordering import Outcome, Record, Stamp
from resources.record_io import S3RecordIOManager
from tests.support import stamp, store, told

PARTITIONS = dg.StaticPartitionsDefinition(["b-1", "b-2"])


class Note(BaseModel):
    text: str


NOTES_TYPE: Any = list[Record[Note]]


def note(age: Stamp, key: str = "T-1.json", **labels: str) -> Record[Note]:
    """A record whose text says how old it is."""
    return Record[Note](
        key=key, source=key, stamp=age, labels=labels, body=Note(text=f"{age.last_modified}, {age.etag}")
    )


@pytest.fixture
def manager(settings):
    return S3RecordIOManager(
        records=store(settings.enriched_bucket),
        sources=store(settings.raw_bucket),
        receipts=store(settings.pipeline_bucket),
    )


def interrupted(manager: S3RecordIOManager, by: Record[Note], *, over: bool) -> S3RecordIOManager:
    """A manager before whose first put, `over` what it saw or where it hopes for nothing, another wrote `by`."""
    pending = [by]

    class InterruptedStore(S3ObjectStore):
        def put(self, key: str, body: bytes, **options: Any) -> str:
            if pending and over == ("if_etag" in options and options["if_etag"] is not None):
                manager.write(pending.pop())
            return super().put(key, body, **options)

    return S3RecordIOManager(
        records=InterruptedStore(bucket=manager.records.bucket), sources=manager.sources, receipts=manager.receipts
    )


def standing(manager: S3RecordIOManager, key: str = "T-1.json") -> Record[Note]:
    info, body = manager.records.get(key)
    return Record[Note].restore(key, info.metadata, body)


def test_a_written_record_stands_with_its_stamp_source_and_labels(manager):
    written = note(stamp(5, 6.25, 7.125), key="caf\u00e9 1.json", batch="b-1")

    assert manager.write(written) is Outcome.WRITTEN
    assert standing(manager, "caf\u00e9 1.json") == written


@pytest.mark.parametrize(
    "newer",
    [stamp(2), stamp(1, read_at=2, etag="e1"), stamp(1, run_start=2, etag="e1")],
    ids=["version", "read", "run"],
)
def test_a_newer_version_replaces_an_older_one(manager, newer):
    manager.write(note(stamp(1)))

    assert manager.write(note(newer)) is Outcome.WRITTEN
    assert standing(manager).stamp == newer


@pytest.mark.parametrize(
    "newer",
    [stamp(2), stamp(1, read_at=2, etag="e1"), stamp(1, run_start=2, etag="e1")],
    ids=["version", "read", "run"],
)
def test_an_older_version_never_replaces_a_newer_one(manager, newer):
    manager.write(note(newer))

    assert manager.write(note(stamp(1))) is Outcome.SUPERSEDED
    assert standing(manager).stamp == newer


def test_a_record_of_an_equal_stamp_is_written_again(manager):
    manager.write(note(stamp(1), batch="b-1"))

    assert manager.write(note(stamp(1), batch="b-2")) is Outcome.WRITTEN
    assert standing(manager).labels == {"batch": "b-2"}


def test_an_object_that_another_tool_wrote_is_replaced(manager):
    manager.records.put("T-1.json", b"{}")

    assert manager.write(note(stamp(1))) is Outcome.WRITTEN


@pytest.mark.parametrize("current_is_written", ["first", "last"])
def test_of_two_versions_of_one_second_the_sources_own_stands_whichever_writes_last(manager, current_is_written):
    etag = manager.sources.put("T-1.json", b"current")
    # The reader of the outdated version had the later clock.
    current, outdated = note(stamp(1, read_at=1, etag=etag)), note(stamp(1, read_at=9, etag="outdated"))
    order = [current, outdated] if current_is_written == "first" else [outdated, current]

    outcomes = [manager.write(record) for record in order]

    assert standing(manager) == current
    assert outcomes == [Outcome.WRITTEN, Outcome.SUPERSEDED if current_is_written == "first" else Outcome.WRITTEN]


def test_a_version_whose_source_is_gone_does_not_replace_another_of_its_second(manager):
    manager.write(note(stamp(1, etag="a")))

    assert manager.write(note(stamp(1, read_at=2, etag="b"))) is Outcome.SUPERSEDED


@pytest.mark.parametrize("before", [[], [note(stamp(1))]], ids=["nothing stood", "an older one stood"])
@pytest.mark.parametrize(("own", "other"), [(2, 3), (3, 2)], ids=["newer", "older"])
def test_a_writer_between_look_and_write_is_noticed(manager, before, own, other):
    for record in before:
        manager.write(record)

    outcome = interrupted(manager, by=note(stamp(other)), over=bool(before)).write(note(stamp(own)))

    assert standing(manager).stamp == stamp(3)
    assert outcome is (Outcome.WRITTEN if own == 3 else Outcome.SUPERSEDED)


def test_of_twenty_racing_writers_the_newest_stands(manager):
    records = [note(stamp(age)) for age in range(1, 21)]
    random.Random(7).shuffle(records)

    outcomes = concurrently(manager.write, records, workers=20)

    assert standing(manager).stamp == stamp(20)
    assert dict(zip((record.stamp.last_modified for record in records), outcomes, strict=True))[20] is Outcome.WRITTEN


def test_of_twenty_racing_writers_of_one_second_the_sources_own_stands(manager):
    etag = manager.sources.put("T-1.json", b"current")
    outdated = [note(stamp(1, read_at=2, etag=f"old-{n}")) for n in range(19)]
    current = note(stamp(1, read_at=1, etag=etag))

    concurrently(manager.write, [*outdated[:10], current, *outdated[10:]], workers=20)

    assert standing(manager) == current


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


def materialize(definitions, manager, **more) -> dg.ExecuteInProcessResult:
    return dg.materialize(definitions, partition_key="b-1", resources={"io": manager}, **more)


def test_the_records_of_one_asset_are_read_by_the_next(manager):
    records = [note(stamp(age), key=f"T-{age}.json", batch="b-1") for age in (3, 1, 2)]
    definitions, read = assets(records)

    materialize(definitions, manager)

    assert read == [records]


def test_a_partition_of_no_records_is_read_as_none(manager):
    definitions, read = assets([])

    metadata = told(materialize(definitions, manager), "notes")

    assert read == [[]]
    assert metadata["dagster/partition_row_count"] == 0


def test_what_a_run_wrote_is_not_fetched_again_and_another_run_gets_what_stands(manager):
    fetched: list[str] = []

    class Counting(S3ObjectStore):
        def find(self, key: str, limit: int | None = None) -> StoredObject | None:
            fetched.append(key)
            return super().find(key, limit)

    counting = S3RecordIOManager(
        records=Counting(bucket=manager.records.bucket), sources=manager.sources, receipts=manager.receipts
    )
    own, other, newer = note(stamp(1)), note(stamp(1), key="T-2.json"), note(stamp(9), key="T-2.json")
    manager.write(newer)
    definitions, read = assets([own, other])

    materialize(definitions, counting)
    assert (read.pop(), fetched) == ([own, newer], ["T-2.json"])

    materialize(definitions, counting, selection=["notes"])
    manager.write(note(stamp(9)))
    materialize(definitions, counting, selection=["reader"])
    assert read.pop() == [note(stamp(9)), newer]


def test_reading_gives_the_records_as_they_stand(manager):
    newer = note(stamp(9))
    manager.write(newer)
    definitions, read = assets([note(stamp(1))])

    materialize(definitions, manager)

    assert read == [[newer]]


def test_the_materialization_tells_counts_schema_and_place(manager):
    manager.write(note(stamp(9)))
    definitions, _ = assets([note(stamp(1)), note(stamp(1), key="T-2.json")])

    metadata = told(materialize(definitions, manager), "notes")

    assert metadata["dagster/partition_row_count"] == 2
    assert (metadata["written"], metadata["superseded"]) == (1, 1)
    assert [column.name for column in metadata["dagster/column_schema"].columns] == ["text"]
    assert metadata["path"] == f"s3://{manager.records.bucket}/"


def test_a_record_that_is_gone_since_is_named(manager):
    definitions, _ = assets([note(stamp(1)), note(stamp(1), key="T-2.json")])
    materialize(definitions, manager)
    manager.records.delete("T-2.json")

    with pytest.raises(ObjectMissing, match=rf"s3://{manager.records.bucket}/T-2\.json"):
        materialize(definitions, manager, selection=["reader"])


def test_a_partition_that_was_never_made_is_named(manager):
    definitions, _ = assets([])

    with pytest.raises(ObjectMissing, match=r"assets/notes/b-1\.parquet"):
        materialize(definitions, manager, selection=["reader"])
