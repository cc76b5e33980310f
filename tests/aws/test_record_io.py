"""Records in a bucket: whoever writes last, the newest version of each stands."""

import random
from typing import Any

import pytest

from resources.aws import concurrently
from resources.object_store import S3ObjectStore
from resources.ordering import Outcome, Record
from resources.record_io import S3RecordIOManager
from tests.aws.notes import Note, note
from tests.support import stamp


def interrupted(record_io: S3RecordIOManager, by: Record[Note], *, over: bool) -> S3RecordIOManager:
    """A manager before whose first put, `over` what it saw or where it hopes for nothing, another wrote `by`."""
    pending = [by]

    class InterruptedStore(S3ObjectStore):
        def put(self, key: str, body: bytes, **options: Any) -> str:
            if pending and over == ("if_etag" in options and options["if_etag"] is not None):
                record_io.write(pending.pop())
            return super().put(key, body, **options)

    return S3RecordIOManager(
        records=InterruptedStore(bucket=record_io.records.bucket),
        sources=record_io.sources,
        receipts=record_io.receipts,
    )


def standing(record_io: S3RecordIOManager, key: str = "T-1.json") -> Record[Note]:
    info, body = record_io.records.get(key)
    return Record[Note].restore(key, info.metadata, body)


def test_a_written_record_stands_with_its_stamp_source_and_labels(record_io):
    written = note(stamp(5, 6.25, 7.125), key="caf\u00e9 1.json", batch="b-1")

    assert record_io.write(written) is Outcome.WRITTEN
    assert standing(record_io, "caf\u00e9 1.json") == written


@pytest.mark.parametrize(
    "newer",
    [stamp(2), stamp(1, read_at=2, etag="e1"), stamp(1, run_start=2, etag="e1")],
    ids=["version", "read", "run"],
)
def test_a_newer_version_replaces_an_older_one(record_io, newer):
    record_io.write(note(stamp(1)))

    assert record_io.write(note(newer)) is Outcome.WRITTEN
    assert standing(record_io).stamp == newer


@pytest.mark.parametrize(
    "newer",
    [stamp(2), stamp(1, read_at=2, etag="e1"), stamp(1, run_start=2, etag="e1")],
    ids=["version", "read", "run"],
)
def test_an_older_version_never_replaces_a_newer_one(record_io, newer):
    record_io.write(note(newer))

    assert record_io.write(note(stamp(1))) is Outcome.SUPERSEDED
    assert standing(record_io).stamp == newer


def test_a_record_of_an_equal_stamp_is_written_again(record_io):
    record_io.write(note(stamp(1), batch="b-1"))

    assert record_io.write(note(stamp(1), batch="b-2")) is Outcome.WRITTEN
    assert standing(record_io).labels == {"batch": "b-2"}


def test_an_object_that_another_tool_wrote_is_replaced(record_io):
    record_io.records.put("T-1.json", b"{}")

    assert record_io.write(note(stamp(1))) is Outcome.WRITTEN


@pytest.mark.parametrize("current_is_written", ["first", "last"])
def test_of_two_versions_of_one_second_the_sources_own_stands_whichever_writes_last(record_io, current_is_written):
    etag = record_io.sources.put("T-1.json", b"current")
    # The reader of the outdated version had the later clock.
    current, outdated = note(stamp(1, read_at=1, etag=etag)), note(stamp(1, read_at=9, etag="outdated"))
    order = [current, outdated] if current_is_written == "first" else [outdated, current]

    outcomes = [record_io.write(record) for record in order]

    assert standing(record_io) == current
    assert outcomes == [Outcome.WRITTEN, Outcome.SUPERSEDED if current_is_written == "first" else Outcome.WRITTEN]


def test_a_version_whose_source_is_gone_does_not_replace_another_of_its_second(record_io):
    record_io.write(note(stamp(1, etag="a")))

    assert record_io.write(note(stamp(1, read_at=2, etag="b"))) is Outcome.SUPERSEDED


@pytest.mark.parametrize("before", [[], [note(stamp(1))]], ids=["nothing stood", "an older one stood"])
@pytest.mark.parametrize(("own", "other"), [(2, 3), (3, 2)], ids=["newer", "older"])
def test_a_writer_between_look_and_write_is_noticed(record_io, before, own, other):
    for record in before:
        record_io.write(record)

    outcome = interrupted(record_io, by=note(stamp(other)), over=bool(before)).write(note(stamp(own)))

    assert standing(record_io).stamp == stamp(3)
    assert outcome is (Outcome.WRITTEN if own == 3 else Outcome.SUPERSEDED)


def test_of_twenty_racing_writers_the_newest_stands(record_io):
    records = [note(stamp(age)) for age in range(1, 21)]
    random.Random(7).shuffle(records)

    outcomes = concurrently(record_io.write, records, workers=20)

    assert standing(record_io).stamp == stamp(20)
    assert dict(zip((record.stamp.last_modified for record in records), outcomes, strict=True))[20] is Outcome.WRITTEN


def test_of_twenty_racing_writers_of_one_second_the_sources_own_stands(record_io):
    etag = record_io.sources.put("T-1.json", b"current")
    outdated = [note(stamp(1, read_at=2, etag=f"old-{n}")) for n in range(19)]
    current = note(stamp(1, read_at=1, etag=etag))

    concurrently(record_io.write, [*outdated[:10], current, *outdated[10:]], workers=20)

    assert standing(record_io) == current
