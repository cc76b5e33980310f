"""Quarantine: one entry an object that could not be enriched, one a message that names no object.

An entry and a record of one ticket are kept in order like any two writes: whoever writes looks at the other's
afterwards, so that of an older bad version and a newer good one only the newer leaves a trace. An entry is replaced
and removed only as it was read (If-Match, on DELETE too), so that nobody removes a newer one than was looked at.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain, islice
from typing import NamedTuple
from urllib.parse import quote, unquote

from resources.aws import concurrently, in_groups
from resources.object_store import ObjectUnreadable, S3ObjectStore, StoredObject
from resources.ordering import TOMBSTONE, Outcome, Stamp, retried
from ticket_assets.domain.batches import iso
from ticket_assets.domain.intake import object_key
from ticket_assets.domain.quarantine import (
    FieldError,
    MessageEntry,
    QuarantineEntry,
    Reason,
    from_json,
    outranks,
    to_json,
)
from ticket_assets.stores.originals import Originals, current_bytes

QUARANTINE = "quarantine/"
OBJECTS = f"{QUARANTINE}objects/"
MESSAGES = f"{QUARANTINE}messages/"
EXPORTS = f"{QUARANTINE}exports/"
LONGEST_NAME = 900  # an S3 key holds 1,024 bytes, and quoting can make one three times as long
READ_AT_ONCE = 64
LISTED_AT_ONCE = 1_000  # a page of S3's: what comes after it is another request


class Held(NamedTuple):
    """An entry as it stands: where, in which version (`etag` of the entry's own file), and what it says."""

    path: str
    etag: str
    entry: QuarantineEntry | MessageEntry

    @property
    def name(self) -> str:
        """The name that the entry shares with its original."""
        return self.path.removeprefix(OBJECTS).removeprefix(MESSAGES).removesuffix(".json")


class Quarantine:
    """The entries kept in `store`; `records` holds the enriched tickets under the same keys as the raw ones."""

    def __init__(self, store: S3ObjectStore, records: S3ObjectStore) -> None:
        self._store = store
        self._records = records
        self._originals = Originals(store)

    def add(
        self,
        entries: Sequence[QuarantineEntry],
        original: Callable[[QuarantineEntry], bytes | None] = lambda _: None,
    ) -> None:
        """Write the entries, but none for a version older than what was enriched, each with the bytes it is about."""
        concurrently(lambda entry: self._add(entry, original), entries)

    def add_message(self, entry: MessageEntry) -> None:
        """Keep a message that could not be read."""
        self._store.put(message_path(entry.message_id), to_json(entry))

    def clear(self, stamps: dict[str, Stamp]) -> None:
        """Remove the entries of objects, by key, that are older than what was now enriched."""
        concurrently(lambda key: self._clear(key, stamps[key]), self.suspects(stamps))

    def suspects(self, keys: Collection[str]) -> list[str]:
        """Those of these objects that may have an entry, by one listing; in a full quarantine they may have none."""
        paths = {entry_path(key): key for key in keys}
        before = min(paths, default="")[:-1]
        listed = list(islice(self._store.list_keys(OBJECTS, before), LISTED_AT_ONCE)) if paths else []
        known = set(listed)
        end = listed[-1] if len(listed) == LISTED_AT_ONCE else None
        return [key for path, key in paths.items() if path in known or (end is not None and path > end)]

    def find(self, key: str) -> QuarantineEntry | None:
        """The entry of the raw object `key`, if there is one."""
        held = self._held(entry_path(key))
        return held.entry if held and isinstance(held.entry, QuarantineEntry) else None

    def look_up(self, name: str) -> Held | None:
        """The entry of an object's key, a ticket's id or a message's id, the first that is there."""
        paths = (entry_path(name), entry_path(object_key(name)), message_path(name))
        return next(filter(None, map(self._held, paths)), None)

    def entries(self) -> Iterator[QuarantineEntry]:
        """All entries of objects, in the order of their keys, read as they are asked for."""
        return (
            held.entry for held in self.read(self._store.list_keys(OBJECTS)) if isinstance(held.entry, QuarantineEntry)
        )

    def messages(self) -> Iterator[MessageEntry]:
        """All entries of messages, read as they are asked for."""
        return (
            held.entry for held in self.read(self._store.list_keys(MESSAGES)) if isinstance(held.entry, MessageEntry)
        )

    def paths(self) -> Iterator[str]:
        """Where all entries are: those of objects in the order of their keys, then those of messages."""
        return chain(self._store.list_keys(OBJECTS), self._store.list_keys(MESSAGES))

    def read(self, paths: Iterable[str]) -> Iterator[Held]:
        """The entries at `paths`, in that order, a few at a time; those that are gone by now are left out."""
        for group in in_groups(paths, READ_AT_ONCE):
            found = self._store.find_many(group)
            yield from (_read(stored) for stored in found if stored)

    def original(self, held: Held, raw: S3ObjectStore) -> bytes | None:
        """The bytes that the entry is about: as kept, else from the raw object while it is that version, else None."""
        entry = held.entry
        if isinstance(entry, MessageEntry):
            return entry.body.encode(errors="surrogatepass")
        if not entry.etag:
            return None
        kept = self._originals.find(held.name, entry.etag)
        return current_bytes(raw, entry) if kept is None else kept

    def remove(self, held: Held) -> None:
        """Remove the entry and its original. Raises WriteConflict where another entry stands by now.

        The original goes first, so that whoever dies here leaves an entry that leads to it; and once more, since
        whoever added the entry may just have been writing it.
        """
        self._remove_original(held)
        self._store.delete(held.path, if_etag=held.etag)
        self._remove_original(held)

    def put_away(self, held: Held, where: str) -> None:
        """Remove a message's entry; leave of an object's only that it was dropped, and `where` its export lies.

        The object is still there: without an entry it would count as lost. Raises WriteConflict as `remove` does.
        """
        if isinstance(held.entry, MessageEntry):
            self.remove(held)
            return
        note = FieldError(field="", message=f"was {held.entry.reason.value}; dropped, its export is {where}")
        dropped = held.entry.model_copy(update={"reason": Reason.DROPPED, "errors": [note], "message": None})
        self._store.put(held.path, to_json(dropped), if_etag=held.etag)
        self._remove_original(held)

    def export(self, held: Held, original: bytes | None) -> str:
        """Write the entry with its original (base64) as one file, and return its key."""
        now = iso(datetime.now(UTC))
        body = {
            "exported_at": now,
            "entry": held.entry.model_dump(),
            "original": None if original is None else base64.b64encode(original).decode(),
        }
        # Named by its version too: another one dropped on the same day must not take its place.
        path = f"{EXPORTS}{now[:10]}/{held.name}.{held.etag[:8]}.json"
        self._store.put(path, json.dumps(body).encode())
        return path

    def _add(self, entry: QuarantineEntry, original: Callable[[QuarantineEntry], bytes | None]) -> None:
        if retried(lambda: self._attempt(entry)) is Outcome.SUPERSEDED:
            return
        name = entry_name(entry.key)
        self._originals.keep(name, entry, original(entry))
        stamp = self._stamp(entry.key)
        if stamp:
            self._clear(entry.key, stamp)
        if self.find(entry.key) != entry:
            self._originals.remove(name, entry.read_at)

    def _attempt(self, entry: QuarantineEntry) -> Outcome:
        path = entry_path(entry.key)
        standing = self._store.find(path)
        if standing and outranks(from_json(QuarantineEntry, standing.body), entry):
            return Outcome.SUPERSEDED
        etag = standing.info.etag if standing else None
        self._store.put(path, to_json(entry), if_absent=standing is None, if_etag=etag)
        return Outcome.WRITTEN

    def _clear(self, key: str, stamp: Stamp) -> None:
        def attempt() -> Outcome:
            held = self._held(entry_path(key))
            if held is None or not _is_older(held.entry, stamp):
                return Outcome.SUPERSEDED
            self.remove(held)
            return Outcome.WRITTEN

        retried(attempt)

    def _stamp(self, key: str) -> Stamp | None:
        """The age of the record that stands; there is none under a key that S3 does not take."""
        try:
            record = self._records.head(key)
        except ObjectUnreadable:
            return None
        return Stamp.parse(record.metadata) if record else None

    def _held(self, path: str) -> Held | None:
        stored = self._store.find(path)
        return _read(stored) if stored else None

    def _remove_original(self, held: Held) -> None:
        if isinstance(held.entry, QuarantineEntry):
            self._originals.remove(held.name, held.entry.read_at)


def entry_name(key: str) -> str:
    """The name of an object's entry and of its original: the key as a URL has it, its hash where that is too long."""
    name = quote(key, safe="", errors="surrogatepass")
    return name if len(name) <= LONGEST_NAME else hashlib.sha256(key.encode()).hexdigest()


def quarantined_key(path: str) -> str:
    """The object that the entry stored at `path` speaks of; of one with a very long key only a hash."""
    return unquote(path.removeprefix(OBJECTS).removesuffix(".json"))


def entry_path(key: str) -> str:
    """Where the entry of the raw object `key` is kept."""
    return f"{OBJECTS}{entry_name(key)}.json"


def message_path(message_id: str) -> str:
    """Where the entry of a message is kept."""
    return f"{MESSAGES}{entry_name(message_id)}.json"


def _read(stored: StoredObject) -> Held:
    model = MessageEntry if stored.info.key.startswith(MESSAGES) else QuarantineEntry
    return Held(stored.info.key, stored.info.etag, from_json(model, stored.body))


def _is_older(entry: QuarantineEntry | MessageEntry, stamp: Stamp) -> bool:
    """Whether a record of this stamp supersedes what the entry speaks of.

    Any record does where the object is gone, and one of the same version where that version was only never looked at.
    An entry that says that the ticket was forgotten stands beside its tombstone.
    """
    if isinstance(entry, MessageEntry) or (entry.reason is Reason.FORGOTTEN and stamp == TOMBSTONE):
        return False
    if not entry.etag or (entry.reason is Reason.DEAD_LETTER and entry.etag == stamp.etag):
        return True
    return (entry.last_modified, entry.read_at) <= (stamp.last_modified, stamp.read_at)
