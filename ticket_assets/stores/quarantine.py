"""Quarantine: one entry an object that could not be enriched, one a message that names no object.

An entry and a record of one ticket are kept in order like any two writes: whoever writes looks at the other's
afterwards, so that of an older bad version and a newer good one only the newer leaves a trace.
"""

import hashlib
from collections.abc import Sequence
from urllib.parse import quote, unquote

from resources.aws import concurrently
from resources.object_store import S3ObjectStore
from resources.ordering import Outcome, Stamp, retried
from ticket_assets.domain.quarantine import MessageEntry, QuarantineEntry, Reason

QUARANTINE = "quarantine/"
OBJECTS = f"{QUARANTINE}objects/"
MESSAGES = f"{QUARANTINE}messages/"
LONGEST_NAME = 900  # an S3 key holds 1,024 bytes, and quoting can make one three times as long


class Quarantine:
    """The entries kept in `store`; `records` holds the enriched tickets under the same keys as the raw ones."""

    def __init__(self, store: S3ObjectStore, records: S3ObjectStore) -> None:
        self._store = store
        self._records = records

    def add(self, entries: Sequence[QuarantineEntry]) -> None:
        """Write the entries, but none for a version older than what was enriched."""
        concurrently(self._add, entries)

    def find(self, key: str) -> QuarantineEntry | None:
        """The entry of the raw object `key`, if there is one."""
        stored = self._store.find(_path(key))
        return QuarantineEntry.model_validate_json(stored.body) if stored else None

    def clear(self, stamps: dict[str, Stamp]) -> None:
        """Remove the entries of objects, by key, that are older than what was now enriched."""
        concurrently(lambda item: self._clear(*item), stamps.items())

    def entries(self) -> list[QuarantineEntry]:
        """All entries of objects, in the order of their keys."""
        found = self._store.find_many(self._store.list_keys(OBJECTS))
        return [QuarantineEntry.model_validate_json(stored.body) for stored in found if stored]

    def add_message(self, entry: MessageEntry) -> None:
        """Keep a message that could not be read."""
        self._store.put(f"{MESSAGES}{quote(entry.message_id, safe='')}.json", entry.model_dump_json().encode())

    def messages(self) -> list[MessageEntry]:
        """All entries of messages."""
        found = self._store.find_many(self._store.list_keys(MESSAGES))
        return [MessageEntry.model_validate_json(stored.body) for stored in found if stored]

    def _add(self, entry: QuarantineEntry) -> None:
        if retried(lambda: self._attempt(entry)) is Outcome.SUPERSEDED:
            return
        record = self._records.head(entry.key)
        stamp = record and Stamp.parse(record.metadata)
        # An entry that says that the ticket was forgotten stands beside its tombstone.
        if stamp and entry.reason is not Reason.FORGOTTEN and _is_older(entry, stamp):
            self._store.delete(_path(entry.key))

    def _attempt(self, entry: QuarantineEntry) -> Outcome:
        path = _path(entry.key)
        standing = self._store.find(path)
        if standing and QuarantineEntry.model_validate_json(standing.body).read_at > entry.read_at:
            return Outcome.SUPERSEDED
        etag = standing.info.etag if standing else None
        self._store.put(path, entry.model_dump_json().encode(), if_absent=standing is None, if_etag=etag)
        return Outcome.WRITTEN

    def _clear(self, key: str, stamp: Stamp) -> None:
        entry = self.find(key)
        if entry and _is_older(entry, stamp):
            self._store.delete(_path(key))


def _is_older(entry: QuarantineEntry, stamp: Stamp) -> bool:
    """Whether a record of this stamp supersedes what the entry speaks of; any record does where the object is gone."""
    return not entry.etag or (entry.last_modified, entry.read_at) <= (stamp.last_modified, stamp.read_at)


def entry_name(key: str) -> str:
    """The name under which the object `key` is kept."""
    name = quote(key, safe="")
    return hashlib.sha256(key.encode()).hexdigest() if len(name) > LONGEST_NAME else name


def quarantined_key(path: str) -> str:
    """The object that the entry stored at `path` speaks of; of one with a very long key only a hash."""
    return unquote(path.removeprefix(OBJECTS).removesuffix(".json"))


def _path(key: str) -> str:
    return f"{OBJECTS}{entry_name(key)}.json"
