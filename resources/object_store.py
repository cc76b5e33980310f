"""A bucket of S3: whole objects, read and written under conditions. It knows nothing of what they hold."""

import functools
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from botocore.exceptions import ClientError, IncompleteReadError
from pydantic import Field

from resources.aws import CONNECTION, concurrently, error_code
from resources.patience import PatientResource

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


class StoredObject(NamedTuple):
    """An object's version and its bytes, cut off where a limit was asked for."""

    info: ObjectInfo
    body: bytes


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
        for reads in range(1, READS + 1):
            try:
                response = self.aws("s3").get_object(Bucket=self.bucket, Key=key)
            except ClientError as error:
                if error_code(error) in UNREADABLE:
                    raise ObjectUnreadable(f"S3 does not give s3://{self.bucket}/{key}: {error_code(error)}") from None
                return _none_if_missing(error)
            try:
                with response["Body"] as stream:
                    body = stream.read(limit)
                info = _info(key, response)
                expected = info.size if limit is None else min(limit, info.size)
                if len(body) < expected:  # a read with a limit does not notice that the bytes broke off
                    raise IncompleteReadError(actual_bytes=len(body), expected_bytes=expected)
                return StoredObject(info, body)
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
        """The version at `key`, None where there is none."""
        try:
            return _info(key, self.aws("s3").head_object(Bucket=self.bucket, Key=key))
        except ClientError as error:
            return _none_if_missing(error)

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

    def delete(self, key: str) -> None:
        """Remove the object; removing one that is not there is no error."""
        self.aws("s3").delete_object(Bucket=self.bucket, Key=key)

    def list_keys(self, prefix: str = "") -> Iterator[str]:
        """The keys that start with `prefix`, in S3's order (of their UTF-8 bytes)."""
        pages = self.aws("s3").get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return (entry["Key"] for page in pages for entry in page.get("Contents", []))


def _info(key: str, response: dict) -> ObjectInfo:
    return ObjectInfo(
        key=key,
        etag=response["ETag"].strip('"'),
        last_modified=int(response["LastModified"].timestamp()),
        size=response["ContentLength"],
        metadata=response["Metadata"],
    )


def _none_if_missing(error: ClientError) -> None:
    if error_code(error) not in {"NoSuchKey", "404"}:
        raise error
