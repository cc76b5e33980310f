"""A batch: up to 256 tickets that one run enriches. Its key is its partition, its run's key and its time."""

import secrets
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from pydantic import BaseModel


class Manifest(BaseModel):
    """What a batch holds: immutable once written, and all that runs and backfills read of the queue's messages."""

    batch: str
    bucket: str
    keys: list[str]
    created_at: str


class BatchFailure(BaseModel):
    """A batch whose retries are used up, recorded where `tickets status` shows it."""

    batch: str
    run_id: str
    error: str
    at: str


def batch_key(now: datetime) -> str:
    """A new batch's key, such as 20261123T112005Z-3f9a1c02: sorts by time, unique by its random part."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"


def split(keys: Iterable[str], size: int) -> Iterator[tuple[str, ...]]:
    """The distinct `keys`, in their order, as groups of at most `size`."""
    distinct = list(dict.fromkeys(keys))
    for start in range(0, len(distinct), size):
        yield tuple(distinct[start : start + size])


def iso(now: datetime) -> str:
    """A time as the contracts write it: ISO 8601 in UTC, whole seconds, ending in Z."""
    return f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
