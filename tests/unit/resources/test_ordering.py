import pytest
from pydantic import BaseModel, ValidationError

from resources.object_store import WriteConflict
from resources.ordering import Outcome, Record, Rival, Stamp, may_write, retried
from tests.support import stamp


class Note(BaseModel):
    text: str


class LongNote(Note):
    more: str


def unasked() -> bool:
    raise AssertionError("the source is asked only where two versions share a second")


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        (stamp(1, read_at=9, run_start=9), stamp(2)),
        (stamp(1, read_at=1, run_start=9), stamp(1, read_at=2)),
        (stamp(1, run_start=1), stamp(1, run_start=2)),
        (stamp(1, read_at=1.000001), stamp(1, read_at=1.000002)),
    ],
    ids=["last modified", "read time", "run start", "a microsecond"],
)
def test_stamps_are_ordered_by_last_modified_then_read_time_then_run_start(older, newer):
    assert older < newer
    assert not newer < older
    assert not newer <= older
    assert may_write(newer, Rival(older), unasked)
    assert not may_write(older, Rival(newer), unasked)


def test_an_equal_stamp_may_be_written_again():
    assert may_write(stamp(1), Rival(stamp(1)), unasked)


@pytest.mark.parametrize("rival", [None, Rival(None)], ids=["nothing", "something without a stamp"])
def test_what_carries_no_stamp_is_replaced(rival):
    assert may_write(stamp(1), rival, unasked)


@pytest.mark.parametrize("current", [True, False])
@pytest.mark.parametrize("rival_read_at", [0.5, 1.0, 2.0])
def test_of_two_versions_of_one_second_the_source_decides_whatever_the_readers_clocks_say(current, rival_read_at):
    rival = Rival(stamp(1, read_at=rival_read_at, etag="other"))

    assert may_write(stamp(1, read_at=1.0), rival, lambda: current) is current


@pytest.mark.parametrize("seconds", [0.0, 1.1, 1_767_322_445.123456, 1_767_322_445.1234567, 9_999_999_999.999999])
def test_a_stored_stamp_equals_the_one_that_was_written(seconds):
    written = Stamp(last_modified=1_767_322_445, read_at=seconds, run_start=seconds, etag="e1")

    assert Stamp.parse(written.attributes()) == written


def test_the_stamps_text_sorts_as_the_stamp_does():
    stamps = [
        stamp(lm, read_at, start) for lm in (9, 10, 99_999_999_999) for read_at in (9.5, 10.25) for start in (1, 1e9)
    ]

    assert [s.attributes()["stamp"] for s in stamps] == sorted(s.attributes()["stamp"] for s in stamps)


@pytest.mark.parametrize("text", ["", "1", "1/2", "a/b/c", "1/2/3/4", "-1/2/3"])
def test_another_tools_attributes_hold_no_stamp(text):
    assert Stamp.parse({"stamp": text}) is None


def test_a_stamp_cannot_be_changed():
    with pytest.raises(ValidationError, match="frozen"):
        stamp(1).last_modified = 2  # pyright: ignore[reportAttributeAccessIssue]


def note(**changes) -> Record[Note]:
    values = {"key": "T-1.json", "source": "T-1.json", "stamp": stamp(1), "body": Note(text="caf\u00e9"), **changes}
    return Record[Note](**values)


def test_a_stored_record_equals_the_one_that_was_written():
    written = note(source="a b/caf\u00e9 \U0001f600%+.json", labels={"batch": "b-1"})

    stored = Record[Note].restore(written.key, written.attributes(), written.body.model_dump_json().encode())

    assert stored == written


def test_a_records_attributes_are_ascii_as_s3_metadata_must_be():
    attributes = note(source="caf\u00e9 \u65e5\u672c.json").attributes()

    assert all(text.isascii() for text in attributes.values())


def test_a_label_never_hides_the_stamp():
    assert Stamp.parse(note(labels={"stamp": "fake", "source-etag": "fake"}).attributes()) == stamp(1)


def test_a_body_of_a_subclass_is_kept_whole():
    record = note(body=LongNote(text="a", more="b"))

    assert record.model_dump()["body"] == {"text": "a", "more": "b"}


def test_a_record_of_another_tool_is_not_restored_in_silence():
    with pytest.raises(ValueError, match=r"T-1\.json carries no stamp"):
        Record[Note].restore("T-1.json", {"author": "someone"}, b"{}")


def conflicting(times: int):
    """An attempt that meets so many conflicts, and the list that counts its calls."""
    calls: list[int] = []

    def attempt() -> Outcome:
        calls.append(1)
        if len(calls) <= times:
            raise WriteConflict("another writer")
        return Outcome.WRITTEN

    return attempt, calls


def test_a_conflict_is_tried_again():
    attempt, calls = conflicting(3)

    assert retried(attempt) is Outcome.WRITTEN
    assert len(calls) == 4


def test_conflicts_without_end_are_raised():
    attempt, calls = conflicting(1_000)

    with pytest.raises(WriteConflict):
        retried(attempt)
    assert len(calls) < 1_000


def test_another_failure_is_raised_at_once():
    def attempt() -> Outcome:
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        retried(attempt)
