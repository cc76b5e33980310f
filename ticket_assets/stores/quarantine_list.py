"""The newest entries of quarantine, by a few listings: what a page shows, not what a script works through."""

from itertools import chain, islice
from typing import NamedTuple

from resources.object_store import S3ObjectStore
from ticket_assets.domain.quarantine import Reason
from ticket_assets.stores.quarantine import LISTED_AT_ONCE, MESSAGES, OBJECTS, Held, Quarantine

MOST_READ = 500


class Newest(NamedTuple):
    """Entries, newest first, the newest of so many `looked` at; whether there may be `more`, newer ones too."""

    held: list[Held]
    looked: int
    more: bool


def newest(store: S3ObjectStore, records: S3ObjectStore, reason: Reason | None, limit: int) -> Newest:
    """The newest `limit` entries, of one reason if given, else all but the dropped.

    Looks at the first 1,000 of objects and of messages, by their keys, and reads 500 entries at most.
    """
    listed = [list(islice(store.list_objects(part), LISTED_AT_ONCE)) for part in (OBJECTS, MESSAGES)]
    ordered = sorted(chain(*listed), key=lambda each: (-each.last_modified, each.key))
    paths = [each.key for each in ordered[:MOST_READ]]
    found = Quarantine(store, records).read(paths)
    wanted = (held for held in found if _is_wanted(held, reason))
    held = list(islice(wanted, limit + 1))
    unseen = len(ordered) > MOST_READ or any(len(part) == LISTED_AT_ONCE for part in listed)
    return Newest(held[:limit], len(paths), unseen or len(held) > limit)


def _is_wanted(held: Held, reason: Reason | None) -> bool:
    return held.entry.reason is reason if reason else held.entry.reason is not Reason.DROPPED
