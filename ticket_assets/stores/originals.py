"""The bytes of quarantined objects as they were read, beside the entries: `quarantine/originals/<name>`.

Entries decide what is in quarantine; an original only follows its entry. Its metadata say of which version of the raw
object it is and when that was read, so that it is never shown for another version nor removed for an older one.
"""

from contextlib import suppress

from resources.object_store import ObjectUnreadable, S3ObjectStore, WriteConflict
from resources.ordering import Outcome, retried
from ticket_assets.domain.intake import MAX_OBJECT_BYTES
from ticket_assets.domain.quarantine import QuarantineEntry

ORIGINALS = "quarantine/originals/"
KEPT_BYTES = MAX_OBJECT_BYTES + 1


class Originals:
    """The originals kept in `store`, each under the name of its entry."""

    def __init__(self, store: S3ObjectStore) -> None:
        self._store = store

    def keep(self, name: str, entry: QuarantineEntry, body: bytes | None) -> None:
        """Keep the bytes of the entry's version, None where there are none; whatever was read earlier goes."""
        if body is None:
            self.remove(name, entry.read_at)
        else:
            retried(lambda: self._attempt(name, entry, body))

    def find(self, name: str, etag: str) -> bytes | None:
        """The bytes of this version of the object, None where they were not kept."""
        stored = self._store.find(path(name))
        return stored.body if stored and stored.info.metadata.get("etag") == etag else None

    def remove(self, name: str, read_at: float) -> None:
        """Remove the original, but not one that was read later than `read_at`."""
        standing = self._store.head(path(name))
        if standing and float(standing.metadata["read-at"]) <= read_at:
            with suppress(WriteConflict):  # what was written meanwhile belongs to its own entry
                self._store.delete(path(name), if_etag=standing.etag)

    def _attempt(self, name: str, entry: QuarantineEntry, body: bytes) -> Outcome:
        standing = self._store.head(path(name))
        if standing and float(standing.metadata["read-at"]) > entry.read_at:
            return Outcome.SUPERSEDED
        self._store.put(
            path(name),
            body,
            metadata={"etag": entry.etag, "read-at": repr(entry.read_at)},
            if_absent=standing is None,
            if_etag=standing.etag if standing else None,
            content_type="application/octet-stream",
        )
        return Outcome.WRITTEN


def path(name: str) -> str:
    """Where the original of the entry `name` is kept."""
    return f"{ORIGINALS}{name}"


def current_bytes(raw: S3ObjectStore, entry: QuarantineEntry) -> bytes | None:
    """The raw object's bytes, as many as are ever kept, where it still is the version that the entry speaks of."""
    try:
        stored = raw.find(entry.key, limit=KEPT_BYTES)
    except ObjectUnreadable:
        return None
    return stored.body if stored and stored.info.etag == entry.etag else None
