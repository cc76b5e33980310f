"""What a bucket has: its keys, what is told of each, and the versions of one."""

import hashlib

from resources.aws import client, concurrently
from tests.aws.odd_keys import ODD_KEYS


def test_a_listing_goes_on_beyond_its_first_thousand_keys_also_from_a_key_on(objects):
    keys = [f"batches/pending/{hashlib.sha256(bytes([n % 256, n // 256])).hexdigest()}" for n in range(1_005)]
    concurrently(lambda key: objects.put(key, b""), [*keys, "batches/other", "z"])
    keys.sort()

    assert list(objects.list_keys("batches/pending/")) == keys
    assert [one.key for one in objects.list_objects("batches/pending/", after=keys[1])] == keys[2:]
    assert list(objects.list_keys("batches/pending/", after=keys[-1])) == []


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
