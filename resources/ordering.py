"""Ordered writes: of two writers of one record, the one with the newer source wins, whichever writes last.

A record carries a stamp. A writer reads the stored stamp, decides, and writes only if the store is still as it
was read (compare and swap); the managers beside this module do so for S3 and for DynamoDB.
"""

import functools
import random
import re
import time
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Annotated, Any, Generic, NamedTuple, Self, TypeVar
from urllib.parse import quote, unquote

from pydantic import AfterValidator, BaseModel, SerializeAsAny, TypeAdapter

from resources.object_store import S3ObjectStore, WriteConflict

ATTEMPTS = 50
SOURCE_KEY = "source-key"
# Microseconds survive the way to a text and back, so that a stored stamp equals the one that was written.
Seconds = Annotated[float, AfterValidator(lambda seconds: round(seconds, 6))]
Body = TypeVar("Body", bound=BaseModel)


class Outcome(StrEnum):
    """What became of a record: written, or a newer version of it stands."""

    WRITTEN = "written"
    SUPERSEDED = "superseded"


@functools.total_ordering
class Stamp(BaseModel, frozen=True):
    """The age of a record, in Unix seconds: its source's LastModified (whole), when that was read, when the run began.

    `etag` names the source's version and takes no part in the order.
    """

    last_modified: int
    read_at: Seconds
    run_start: Seconds
    etag: str

    def __lt__(self, other: Self) -> bool:
        return self._order < other._order

    @property
    def _order(self) -> tuple[int, float, float]:
        return self.last_modified, self.read_at, self.run_start

    def attributes(self) -> dict[str, str]:
        """The stamp as texts that S3 metadata and DynamoDB items can hold; `stamp` sorts as the stamp does."""
        text = f"{self.last_modified:011d}/{self.read_at:017.6f}/{self.run_start:017.6f}"
        return {"stamp": text, "source-etag": self.etag}

    @classmethod
    def parse(cls, attributes: Mapping[str, str]) -> Self | None:
        """The stamp among `attributes`; None where there is none, as on a record that another tool wrote."""
        match = re.fullmatch(r"(\d+)/([\d.]+)/([\d.]+)", attributes.get("stamp", ""))
        if match is None:
            return None
        return cls(
            last_modified=int(match[1]),
            read_at=float(match[2]),
            run_start=float(match[3]),
            etag=attributes.get("source-etag", ""),
        )


# What stands in place of a record that must never come back: newer than anything, so that every later write is refused.
TOMBSTONE = Stamp(last_modified=99_999_999_999, read_at=9_999_999_999, run_start=9_999_999_999, etag="forgotten")


def is_tombstone(attributes: Mapping[str, str]) -> bool:
    """Whether these are the attributes of a tombstone rather than of a record."""
    return Stamp.parse(attributes) == TOMBSTONE


class Record(BaseModel, Generic[Body]):
    """A body to be kept under `key`, made from the object `source` of the age `stamp`.

    `labels` are further texts (ASCII) kept beside the stamp.
    """

    key: str
    source: str
    stamp: Stamp
    labels: dict[str, str] = {}
    body: SerializeAsAny[Body]

    def attributes(self) -> dict[str, str]:
        """Stamp, source and labels, as the stores keep them beside the body."""
        return {**self.labels, **self.stamp.attributes(), SOURCE_KEY: quote(self.source)}

    @classmethod
    def restore(cls, key: str, attributes: Mapping[str, str], body: bytes) -> Self:
        """The record that was stored as `attributes` and the JSON `body`. Raises ValueError without a stamp."""
        stamp = Stamp.parse(attributes)
        if stamp is None:
            raise ValueError(f"{key} carries no stamp: it was not written by this pipeline")
        labels = {name: text for name, text in attributes.items() if name not in {*stamp.attributes(), SOURCE_KEY}}
        source = unquote(attributes[SOURCE_KEY])
        model: Any = cls.model_fields["body"].annotation
        made = TypeAdapter[Body](model).validate_json(body)
        return cls(key=key, source=source, stamp=stamp, labels=labels, body=made)


class Rival(NamedTuple):
    """What stands in the store: its stamp, None where it has none."""

    stamp: Stamp | None


def may_write(new: Stamp, rival: Rival | None, still_current: Callable[[], bool]) -> bool:
    """Whether a record stamped `new` may replace `rival`, None where nothing stands.

    Two source versions of one second cannot be told apart by age, and the readers' clocks may differ: then
    `still_current`, which asks the source itself, decides.
    """
    if rival is None or rival.stamp is None:
        return True
    if rival.stamp.last_modified == new.last_modified and rival.stamp.etag != new.etag:
        return still_current()
    return rival.stamp <= new


def source_unchanged(sources: S3ObjectStore, record: Record) -> bool:
    """Whether the object that `record` was made from still is the source's current version."""
    source = sources.head(record.source)
    return source is not None and source.etag == record.stamp.etag


def retried(attempt: Callable[[], Outcome]) -> Outcome:
    """`attempt` again and again while it meets WriteConflict; each conflict means that another writer got through."""
    for _ in range(ATTEMPTS - 1):
        try:
            return attempt()
        except WriteConflict:
            time.sleep(random.uniform(0, 0.02))
    return attempt()
