"""The newest entries of quarantine, by a few listings: what a page shows, not what a script works through."""

from itertools import islice
from typing import NamedTuple

from resources.object_store import S3ObjectStore
from ticket_assets.domain.quarantine import Reason
from ticket_assets.stores.quarantine import LISTED_AT_ONCE, MESSAGES, OBJECTS, Held, Quarantine

MOST_READ = 500


class Newest(NamedTuple):
    """Entries, newest first; how many were listed; whether there may be more than were looked at."""

    held: list[Held]
    listed: int
    more: bool


def newest(store: S3ObjectStore, records: S3ObjectStore, reason: Reason | None, limit: int) -> Newest:
    """The newest `limit` entries, of one reason if given, else all but the dropped.

    Looks at the first 1,000 of objects and of messages, by their keys, and reads 500 entries at most.
    """
    listed = [each for part in (OBJECTS, MESSAGES) for each in islice(store.list_objects(part), LISTED_AT_ONCE)]
    paths = [each.key for each in sorted(listed, key=lambda each: (-each.last_modified, each.key))]
    found = Quarantine(store, records).read(paths[:MOST_READ])
    wanted = (held for held in found if _is_wanted(held, reason))
    held = list(islice(wanted, limit + 1))
    cut = len(held) > limit or len(paths) > MOST_READ or len(listed) >= LISTED_AT_ONCE
    return Newest(held[:limit], len(listed), cut)


def _is_wanted(held: Held, reason: Reason | None) -> bool:
    return held.entry.reason is reason if reason else held.entry.reason is not Reason.DROPPED
