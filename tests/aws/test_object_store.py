import hashlib
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from botocore.exceptions import ClientError

from resources.aws import AwsUnavailable, aws_errors, client, concurrently
from resources.object_store import ObjectMissing, ObjectUnreadable, S3ObjectStore, WriteConflict
from tests.support import store

ODD_KEYS = [
    "a b.json",
    "a+b.json",
    "100%.json",
    "%41.json",
    "x/y&z=?#.json",
    "caf\u00e9 \u65e5\u672c\U0001f600.json",
    "k" * 1_024,
    "\u00e9" * 512,
]


@pytest.fixture
def objects(settings):
    return store(settings.pipeline_bucket)


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


def test_a_listing_goes_on_beyond_its_first_thousand_keys(objects):
    keys = [f"batches/pending/{hashlib.sha256(bytes([n % 256, n // 256])).hexdigest()}" for n in range(1_005)]
    concurrently(lambda key: objects.put(key, b""), [*keys, "batches/other", "z"])

    assert list(objects.list_keys("batches/pending/")) == sorted(keys)


def test_a_listing_of_nothing_is_empty(objects):
    assert list(objects.list_keys("none/")) == []


def test_a_listing_tells_of_each_object_what_a_head_does_in_whole_seconds(objects):
    for key in ODD_KEYS:
        objects.put(key, key.encode())

    listed = list(objects.list_objects())

    assert [one.key for one in listed] == sorted(ODD_KEYS)
    for one in listed:
        info = objects.head(one.key)
        assert info is not None
        assert one == (info.key, info.etag, info.last_modified, info.size)
        assert isinstance(one.last_modified, int)


def test_a_listing_goes_on_after_a_key_and_beyond_a_page(objects):
    concurrently(lambda number: objects.put(f"n/{number:04d}", b""), range(1_005))

    assert [one.key for one in objects.list_objects("n/", after="n/0001")] == [f"n/{n:04d}" for n in range(2, 1_005)]
    assert list(objects.list_keys("n/", after="n/1004")) == []


def test_an_object_in_a_bucket_that_keeps_no_versions_has_one(objects):
    objects.put("a.json", b"1")
    etag = objects.put("a.json", b"2")
    objects.put("a.json.b", b"3")

    (version,) = objects.versions_of("a.json")
    assert (version.key, version.listed.etag, version.listed.size) == ("a.json", etag, 1)
    assert objects.versions_of("a") == []


def test_versions_are_told_newest_first_also_of_an_object_that_is_gone(objects):
    status = {"Status": "Enabled"}
    client("s3").put_bucket_versioning(Bucket=objects.bucket, VersioningConfiguration=status)
    etags = [objects.put("a.json", body) for body in (b"1", b"2", b"3")]
    objects.put("a.json.b", b"4")
    objects.delete("a.json")

    *versions, marker = objects.versions_of("a.json")
    assert [version.listed.etag for version in versions] == etags[::-1]
    assert marker.is_marker
    assert objects.head("a.json") is None


@pytest.fixture
def refusing(monkeypatch):
    """A server that answers every GET with one of S3's refusals; returns what sets it."""

    class Handler(BaseHTTPRequestHandler):
        code = ""

        def do_GET(self) -> None:
            body = f"<Error><Code>{self.code}</Code><Message>no</Message></Error>".encode()
            self.send_response(403)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_HEAD(self) -> None:
            self.send_response(400)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
        yield lambda code: setattr(Handler, "code", code)
        server.shutdown()


def test_an_object_that_s3_does_not_give_is_named_with_s3s_reason(refusing):
    refusing("InvalidObjectState")
    with pytest.raises(ObjectUnreadable, match=r"s3://b/old\.json: InvalidObjectState"):
        S3ObjectStore(bucket="b").find("old.json")


@pytest.mark.parametrize(("code", "error"), [("InvalidURI", ObjectUnreadable), ("ExpiredToken", AwsUnavailable)])
@pytest.mark.parametrize("in_run", [False, True], ids=["in a command", "in a run"])
def test_a_head_that_is_refused_without_a_reason_asks_for_the_reason(refusing, code, error, in_run):
    refusing(code)
    objects = S3ObjectStore(bucket="b")
    objects._in_run = in_run
    with pytest.raises(error), aws_errors():
        objects.head("../x.json")


def test_a_refusal_of_ourselves_is_no_fault_of_the_object(refusing):
    refusing("AccessDenied")
    with pytest.raises(AwsUnavailable, match="refuses GetObject"), aws_errors():
        S3ObjectStore(bucket="b").find("new.json")


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
