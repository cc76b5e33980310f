"""Versions of objects, in buckets that keep them and in those that do not."""

import pytest

from resources.aws import client
from resources.object_store import DeleteRefused
from tests.support import store


@pytest.fixture
def kept(settings):
    """A bucket that keeps versions."""
    bucket = settings.raw_bucket
    client("s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return store(bucket)


def test_all_versions_and_delete_markers_are_listed_by_key(kept):
    kept.put("b", b"1")
    kept.put("a", b"1")
    kept.put("a", b"2")
    kept.delete("b")

    listed = [(version.key, version.is_latest, version.is_marker) for version in kept.list_versions()]

    assert sorted(listed) == [("a", False, False), ("a", True, False), ("b", False, False), ("b", True, True)]
    assert [key for key, _, _ in listed] == ["a", "a", "b", "b"]


def test_each_version_is_read_as_it_was(kept):
    kept.put("a", b"1")
    kept.put("a", b"2")
    kept.put("ab", b"3")
    kept.delete("a")

    found = [kept.find_version(version) for version in kept.versions_of("a")]

    assert sorted(stored.body if stored else b"" for stored in found) == [b"", b"1", b"2"]


def test_a_version_that_went_meanwhile_is_none(kept):
    kept.put("a", b"1")
    kept.put("a", b"2")
    old = next(version for version in kept.versions_of("a") if not version.is_latest)
    kept.delete_versions([old])

    assert kept.find_version(old) is None


def test_an_object_is_gone_for_good_with_all_its_versions_and_its_neighbour_stays(kept):
    kept.put("a", b"1")
    kept.delete("a")
    kept.put("a", b"2")
    kept.put("ab", b"3")

    assert kept.delete_versions(kept.versions_of("a")) == 3

    assert [version.key for version in kept.list_versions()] == ["ab"]


def test_a_bucket_that_keeps_no_versions_has_one_of_each_object(settings):
    plain = store(settings.raw_bucket)
    plain.put("a", b"1")
    plain.put("a", b"2")

    (version,) = plain.versions_of("a")
    assert (version.is_latest, version.is_marker) == (True, False)
    stored = plain.find_version(version)
    assert stored
    assert stored.body == b"2"
    assert plain.delete_versions([version]) == 1
    assert list(plain.list_keys()) == []


def test_a_version_that_s3_keeps_is_named(settings):
    s3, bucket = client("s3"), f"locked-{settings.raw_bucket}"
    s3.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    s3.put_object(Bucket=bucket, Key="a", Body=b"1", ObjectLockLegalHoldStatus="ON")
    locked = store(bucket)

    with pytest.raises(DeleteRefused, match=f"s3://{bucket}/a cannot be deleted: AccessDenied"):
        locked.delete_versions(locked.versions_of("a"))
