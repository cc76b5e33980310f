"""A bucket of S3: whole objects, read and written under conditions. It knows nothing of what they hold."""

import functools
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from botocore.exceptions import ClientError, IncompleteReadError
from pydantic import Field

from resources.aws import CONNECTION, concurrently, error_code, in_groups
from resources.patience import PatientResource

DELETED_AT_ONCE = 1000  # the most that one call of S3 lists or deletes
# About one object or its key: archived, encrypted with the customer's key, a key that no URL can hold. AccessDenied is
# not among them: it is about us, and would send every ticket to quarantine for a policy's mistake.
UNREADABLE = {
    "400",
    "BadRequest",
    "InvalidArgument",
    "InvalidObjectState",
    "InvalidRequest",
    "InvalidURI",
    "KeyTooLongError",
}

READS = 3  # of an object whose connection breaks while its bytes come


class ObjectInfo(NamedTuple):
    """An object's version: ETag without quotes, LastModified in whole Unix seconds, size in bytes, user metadata."""

    key: str
    etag: str
    last_modified: int
    size: int
    metadata: dict[str, str]


class Listed(NamedTuple):
    """What a listing tells of an object: ETag without quotes, LastModified in whole Unix seconds, size in bytes."""

    key: str
    etag: str
    last_modified: int
    size: int


class StoredObject(NamedTuple):
    """An object's version and its bytes, cut off where a limit was asked for."""

    info: ObjectInfo
    body: bytes


class Version(NamedTuple):
    """One version of an object, or a delete marker; a bucket without versioning has one version of each object."""

    key: str
    version_id: str
    is_latest: bool
    is_marker: bool
    listed: Listed | None = None


class DeleteRefused(RuntimeError):
    """S3 keeps a version that must go, as it does under an object lock; the message names it and S3's code."""


class WriteConflict(RuntimeError):
    """A conditional put was refused: the object is not as the condition says, or another writer is at it."""


class ObjectMissing(LookupError):
    """An object that must be there is not; the message names it."""


class ObjectUnreadable(LookupError):
    """S3 refuses this one object, as it does an archived one; the message names it and S3's code."""


class S3ObjectStore(PatientResource):
    """The objects of one bucket."""

    bucket: str = Field(description="The bucket's name.")

    def find(self, key: str, limit: int | None = None) -> StoredObject | None:
        """The object at `key`, None where there is none; at most `limit` of its bytes, the size of all of it.

        Raises ObjectUnreadable where S3 refuses this object alone.
        """
        return self._find(key, limit)

    def find_version(self, version: Version, limit: int | None = None) -> StoredObject | None:
        """As `find`, of this version; None for a delete marker too."""
        if version.is_marker:
            return None
        return self._find(version.key, limit, None if version.is_latest else version.version_id)

    def _find(self, key: str, limit: int | None, version_id: str | None = None) -> StoredObject | None:
        which = {"VersionId": version_id} if version_id else {}
        for reads in range(1, READS + 1):
            try:
                response = self.aws("s3").get_object(Bucket=self.bucket, Key=key, **which)
            except ClientError as error:
                return self._none_if_missing(key, error)
            try:
                return _whole(key, response, limit)
            except CONNECTION:  # broke while the bytes came, where botocore tries nothing again
                if reads == READS:
                    raise
        return None

    def get(self, key: str) -> StoredObject:
        """The object at `key`. Raises ObjectMissing."""
        found = self.find(key)
        if found is None:
            raise ObjectMissing(f"s3://{self.bucket}/{key} does not exist")
        return found

    def find_many(self, keys: Iterable[str], limit: int | None = None) -> list[StoredObject | None]:
        """`find` of each key, concurrently, in the order of `keys`."""
        return concurrently(functools.partial(self.find, limit=limit), keys)

    def head(self, key: str) -> ObjectInfo | None:
        """The version at `key`, None where there is none. Raises ObjectUnreadable where S3 refuses this key alone."""
        try:
            return _info(key, self.aws("s3").head_object(Bucket=self.bucket, Key=key))
        except ClientError as error:
            if error_code(error) == "400":  # without a body; that of a GET says why
                found = self.find(key, limit=0)
                return found.info if found else None
            return self._none_if_missing(key, error)

    def put(
        self,
        key: str,
        body: bytes,
        *,
        metadata: dict[str, str] | None = None,
        if_absent: bool = False,
        if_etag: str | None = None,
        content_type: str = "application/json",
    ) -> str:
        """Write the object and return its ETag.

        With `if_absent` only where nothing is there, with `if_etag` only over that version; otherwise, and where
        another writer is at the same key, raises WriteConflict.
        """
        condition = {"IfNoneMatch": "*"} if if_absent else {"IfMatch": f'"{if_etag}"'} if if_etag else {}
        try:
            response = self.aws("s3").put_object(
                Bucket=self.bucket, Key=key, Body=body, Metadata=metadata or {}, ContentType=content_type, **condition
            )
        except ClientError as error:
            # S3 answers If-Match on an object that is gone with 404.
            if condition and error.response["ResponseMetadata"]["HTTPStatusCode"] in (404, 409, 412):
                if error_code(error) == "NoSuchBucket":
                    raise
                raise WriteConflict(f"s3://{self.bucket}/{key} was written by another") from None
            raise
        return response["ETag"].strip('"')

    def delete(self, key: str, *, if_etag: str | None = None) -> None:
        """Remove the object, with `if_etag` only that version; removing one that is not there is no error.

        Raises WriteConflict where another version stands or another writer is at it.
        """
        condition = {"IfMatch": f'"{if_etag}"'} if if_etag else {}
        try:
            self.aws("s3").delete_object(Bucket=self.bucket, Key=key, **condition)
        except ClientError as error:
            if condition and error.response["ResponseMetadata"]["HTTPStatusCode"] in (409, 412):
                raise WriteConflict(f"s3://{self.bucket}/{key} was written by another") from None
            self._none_if_missing(key, error)

    def list_keys(self, prefix: str = "", after: str = "") -> Iterator[str]:
        """The keys that start with `prefix` and come after the key `after`, in S3's order (of their UTF-8 bytes)."""
        return (listed.key for listed in self.list_objects(prefix, after))

    def list_objects(self, prefix: str = "", after: str = "") -> Iterator[Listed]:
        """As `list_keys`, with what a listing tells of each object: one request for 1,000."""
        pages = (
            self.aws("s3")
            .get_paginator("list_objects_v2")
            .paginate(Bucket=self.bucket, Prefix=prefix, StartAfter=after)
        )
        return (_listed(entry) for page in pages for entry in page.get("Contents", []))

    def list_versions(self, prefix: str = "") -> Iterator[Version]:
        """All versions and delete markers of the keys that start with `prefix`, in S3's order of keys."""
        pages = self.aws("s3").get_paginator("list_object_versions").paginate(Bucket=self.bucket, Prefix=prefix)
        for page in pages:
            found = [_version(entry) for entry in page.get("Versions", [])]
            found += [_marker(entry) for entry in page.get("DeleteMarkers", [])]
            yield from sorted(found, key=lambda version: version.key)

    def versions_of(self, key: str) -> list[Version]:
        """All versions of one object, newest first, then its delete markers."""
        return [version for version in self.list_versions(key) if version.key == key]

    def delete_versions(self, versions: Iterable[Version]) -> int:
        """Remove these versions and delete markers for good; returns how many. Raises DeleteRefused."""
        deleted = 0
        for group in in_groups(versions, DELETED_AT_ONCE):
            objects = [{"Key": version.key, "VersionId": version.version_id} for version in group]
            answer = self.aws("s3").delete_objects(Bucket=self.bucket, Delete={"Objects": objects, "Quiet": True})
            for refused in answer.get("Errors", []):
                raise DeleteRefused(f"s3://{self.bucket}/{refused['Key']} cannot be deleted: {refused['Code']}")
            deleted += len(group)
        return deleted

    def _none_if_missing(self, key: str, error: ClientError) -> None:
        code = error_code(error)
        if code in UNREADABLE:
            raise ObjectUnreadable(f"S3 does not give s3://{self.bucket}/{key}: {code}") from None
        if code not in {"NoSuchKey", "NoSuchVersion", "404"}:
            raise error


def _listed(entry: dict) -> Listed:
    return Listed(entry["Key"], entry["ETag"].strip('"'), int(entry["LastModified"].timestamp()), entry["Size"])


def _whole(key: str, response: dict, limit: int | None) -> StoredObject:
    """The object of a response. Raises IncompleteReadError, which a read with a limit does not by itself."""
    with response["Body"] as stream:
        body = stream.read(limit)
    info = _info(key, response)
    expected = info.size if limit is None else min(limit, info.size)
    if len(body) < expected:
        raise IncompleteReadError(actual_bytes=len(body), expected_bytes=expected)
    return StoredObject(info, body)


def _info(key: str, response: dict) -> ObjectInfo:
    return ObjectInfo(
        key=key,
        etag=response["ETag"].strip('"'),
        last_modified=int(response["LastModified"].timestamp()),
        size=response["ContentLength"],
        metadata=response["Metadata"],
    )


def _version(entry: dict) -> Version:
    return Version(entry["Key"], entry["VersionId"], entry["IsLatest"], is_marker=False, listed=_listed(entry))


def _marker(entry: dict) -> Version:
    return Version(entry["Key"], entry["VersionId"], entry["IsLatest"], is_marker=True)
