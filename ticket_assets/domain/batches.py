"""A batch: up to 256 tickets that one run enriches. Its key is its partition, its run's key and its time."""

import hashlib
import secrets
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from pydantic import BaseModel, Field


class Manifest(BaseModel):
    """What a batch holds: immutable once written, and all that runs and backfills read of the queue's messages."""

    batch: str
    bucket: str
    keys: list[str]
    created_at: str
    parent: str | None = Field(default=None, description="The batch that this one was split off, whose process died.")

    @property
    def alone(self) -> bool:
        """Whether the batch holds one ticket that may be the one that killed its parent's processes."""
        return self.parent is not None and len(self.keys) == 1


class BatchFailure(BaseModel):
    """A batch whose retries are used up, recorded where `tickets status` shows it."""

    batch: str
    run_id: str
    error: str
    at: str


def batch_key(now: datetime) -> str:
    """A new batch's key, such as 20261123T112005Z-3f9a1c02: sorts by time, unique by its random part."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"


def landed_at(batch: str) -> float:
    """When the batch of this key was landed, in Unix seconds."""
    return datetime.strptime(batch.partition("-")[0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()


def split(keys: Iterable[str], size: int) -> Iterator[tuple[str, ...]]:
    """The distinct `keys`, in their order, as groups of at most `size`."""
    distinct = list(dict.fromkeys(keys))
    for start in range(0, len(distinct), size):
        yield tuple(distinct[start : start + size])


def halves(manifest: Manifest) -> list[Manifest]:
    """The batches that a batch is split into: its tickets' two halves, or its one ticket, to be tried out alone.

    They are the same ones whenever they are asked for, as old as the batch they come from.
    """
    size = -(-len(manifest.keys) // 2)
    time = manifest.batch.partition("-")[0]
    return [
        manifest.model_copy(
            update={
                "batch": f"{time}-{hashlib.sha256(f'{manifest.batch}/{half}'.encode()).hexdigest()[:8]}",
                "keys": list(keys),
                "parent": manifest.batch,
            }
        )
        for half, keys in enumerate(split(manifest.keys, size))
    ]


def iso(now: datetime) -> str:
    """A time as the contracts write it: ISO 8601 in UTC, whole seconds, ending in Z."""
    return f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
