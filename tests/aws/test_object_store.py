"""One object of a bucket: written, read and deleted, each also only in the version that was seen."""

import time

import pytest
from botocore.exceptions import ClientError

from resources.aws import AwsUnavailable, aws_errors, concurrently
from resources.object_store import ObjectMissing, WriteConflict
from tests.aws.odd_keys import ODD_KEYS
from tests.support import store


def test_a_written_object_is_read_back_with_its_version(objects):
    before = int(time.time())
    etag = objects.put("a.json", b"hello", metadata={"stamp": "s", "source-etag": "e"})

    info, body = objects.get("a.json")

    assert body == b"hello"
    assert (info.key, info.etag, info.size) == ("a.json", etag, 5)
    assert info.metadata == {"stamp": "s", "source-etag": "e"}
    assert before - 60 <= info.last_modified <= time.time() + 60


def test_head_and_get_name_the_same_version(objects):
    objects.put("a.json", b"hello", metadata={"batch": "b-1"})

    assert objects.head("a.json") == objects.get("a.json").info


def test_a_versions_etag_changes_with_its_bytes(objects):
    first = objects.put("a.json", b"1")

    assert objects.put("a.json", b"2") != first
    assert '"' not in first


def test_an_object_that_is_not_there_is_none_or_is_named(objects):
    assert objects.find("none.json") is None
    assert objects.head("none.json") is None
    with pytest.raises(ObjectMissing, match=rf"s3://{objects.bucket}/none\.json"):
        objects.get("none.json")


def test_at_most_the_limit_is_read_and_the_whole_size_told(objects):
    objects.put("a.json", b"0123456789")

    found = objects.find("a.json", limit=4)

    assert (found.body, found.info.size) == (b"0123", 10)


@pytest.mark.parametrize("key", ODD_KEYS, ids=lambda key: ascii(key)[:30])
def test_any_key_is_written_read_listed_and_deleted_as_it_is(objects, key):
    objects.put(key, b"x")

    assert objects.get(key).info.key == key
    assert list(objects.list_keys()) == [key]
    objects.delete(key)
    assert objects.head(key) is None


def test_many_objects_are_found_in_the_order_asked_for(objects):
    concurrently(lambda n: objects.put(f"{n}.json", str(n).encode()), range(20))

    found = objects.find_many([f"{n}.json" for n in (7, 99, 3)])

    assert [stored and stored.body for stored in found] == [b"7", None, b"3"]


def test_a_write_if_absent_happens_once(objects):
    objects.put("a.json", b"first", if_absent=True)

    with pytest.raises(WriteConflict, match=r"a\.json"):
        objects.put("a.json", b"second", if_absent=True)
    assert objects.get("a.json").body == b"first"


def test_a_write_over_a_version_happens_only_while_it_stands(objects):
    first = objects.put("a.json", b"first")
    objects.put("a.json", b"second", if_etag=first)

    with pytest.raises(WriteConflict):
        objects.put("a.json", b"third", if_etag=first)
    assert objects.get("a.json").body == b"second"


def test_a_write_over_an_object_that_is_gone_is_a_conflict(objects):
    etag = objects.put("a.json", b"first")
    objects.delete("a.json")

    with pytest.raises(WriteConflict):
        objects.put("a.json", b"second", if_etag=etag)
    assert objects.head("a.json") is None


def test_of_twenty_writers_if_absent_one_gets_through(objects):
    def attempt(n: int) -> bytes | None:
        try:
            objects.put("a.json", str(n).encode(), if_absent=True)
        except WriteConflict:
            return None
        return str(n).encode()

    won = [body for body in concurrently(attempt, range(20), workers=20) if body is not None]

    assert won == [objects.get("a.json").body]


def test_a_conditional_write_to_a_missing_bucket_is_no_conflict(settings):
    with pytest.raises(ClientError, match="NoSuchBucket"):
        store("there-is-no-such-bucket").put("a.json", b"", if_absent=True)


def test_a_missing_bucket_is_the_operators_to_set_up(settings):
    with pytest.raises(AwsUnavailable, match="tickets setup"), aws_errors():
        store("there-is-no-such-bucket").find("a.json")


def test_removing_what_is_not_there_is_no_error(objects):
    objects.delete("none.json")

    assert objects.head("none.json") is None


def test_a_version_that_was_replaced_is_not_deleted(settings):
    objects = store(settings.pipeline_bucket)
    seen = objects.put("k", b"1")
    objects.put("k", b"2")

    with pytest.raises(WriteConflict, match="k was written by another"):
        objects.delete("k", if_etag=seen)

    assert objects.get("k").body == b"2"


def test_the_version_that_was_seen_is_deleted_and_one_that_is_gone_is_no_error(settings):
    objects = store(settings.pipeline_bucket)
    seen = objects.put("k", b"1")

    objects.delete("k", if_etag=seen)
    objects.delete("k", if_etag=seen)

    assert objects.find("k") is None
