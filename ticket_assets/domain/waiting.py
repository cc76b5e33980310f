"""How long the oldest ticket has been waiting to be enriched, judged from what can be known of a queue. Pure.

SQS does not say how old its messages are. So of a queue that has messages it is asked since when at most its oldest one
can be there: the queue was seen empty then, or everything that was put before had been received.
"""

from collections.abc import Collection
from typing import NamedTuple

from ticket_assets.domain.batches import landed_at

QUEUE, BATCH, NOTHING = "queue", "batch", "nothing"


class Seen(NamedTuple):
    """What is known; times are Unix seconds, None where nothing tells.

    `batches` are those of new tickets that are not finished; `emptied` is when the queue was last seen empty;
    `received` when the newest ticket was put that was received; `first` when the first ticket of all was put.
    """

    messages: int
    batches: Collection[str]
    emptied: float | None = None
    received: float | None = None
    first: float | None = None


class Oldest(NamedTuple):
    """For how many seconds the oldest ticket has been waiting, at most, and where: 0 and nowhere where none waits."""

    seconds: float
    where: str


def oldest_waiting(seen: Seen, now: float) -> Oldest:
    """The oldest of queue and batches."""
    found = [Oldest(0.0, NOTHING)]
    since = [time for time in (seen.emptied, seen.received) if time is not None] or [seen.first or now]
    if seen.messages:
        found.append(Oldest(max(0.0, now - max(since)), QUEUE))
    if seen.batches:
        batch = min(seen.batches)
        found.append(Oldest(max(0.0, now - landed_at(batch)), f"{BATCH} {batch}"))
    return max(found, key=lambda oldest: (oldest.seconds, oldest.where != NOTHING))
