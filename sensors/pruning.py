"""Which partitions to forget, as a function of keys and times. Pure: no Dagster, no AWS."""

import re
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta

BATCH_KEY = re.compile(r"\d{8}T\d{6}Z-.+")


def prunable(
    keys: Sequence[str],
    cutoff: str,
    most: int,
    limit: int,
    finished: Callable[[list[str]], Collection[str]],
) -> list[str]:
    """The keys to forget, oldest first and at most `limit`: those before `cutoff`, and those beyond `most`.

    `finished` is asked group by group which may go, so that a look at the oldest is enough. A key that is no batch's
    was added by hand: it counts, and is never forgotten.
    """
    batches = sorted(key for key in keys if BATCH_KEY.fullmatch(key))
    surplus, found = len(keys) - most, []
    for start in range(0, len(batches), limit):
        group = batches[start : start + limit]
        if _stays(group[0], cutoff, len(found), surplus):
            break
        done = finished(group)
        for key in group:
            if len(found) == limit or _stays(key, cutoff, len(found), surplus):
                return found
            if key in done:
                found.append(key)
    return found


def cutoff_key(now: datetime, retention: timedelta) -> str:
    """What sorts after the keys of all batches that were landed more than `retention` ago, and before the others."""
    return f"{(now - retention).astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _stays(key: str, cutoff: str, found: int, surplus: int) -> bool:
    """Whether this key, and with it every newer one, is young enough and among the `most` that may stand."""
    return key >= cutoff and found >= surplus
