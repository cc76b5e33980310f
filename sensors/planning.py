"""The queue sensor's decisions, as functions of messages and state. Pure: no Dagster, no AWS."""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import accumulate, pairwise
from typing import NamedTuple, Protocol

from sensors.events import BadMessage, NothingCreated, created_objects
from ticket_assets.domain.batches import landed_at

MOST_MESSAGES = 2_000  # a tick
# A run costs about 4 s however small, a ticket 0.03 s: from so many tickets on, a part is worth a run of its own.
WORTH_A_RUN = 128


class Received(Protocol):
    """What a decision needs of a message."""

    @property
    def message_id(self) -> str: ...
    @property
    def body(self) -> str: ...


class Intake(NamedTuple):
    """The distinct keys that messages name, in order; what is wrong with messages, by id; why others are dropped."""

    keys: list[str]
    bad: dict[str, str]
    dropped: Counter[str]


class Requests(NamedTuple):
    """Of the pending batches: those to request (again), and those whose marker has done its work."""

    request: list[str]
    started: list[str]


def intake(messages: Sequence[Received], bucket: str) -> Intake:
    """What to land of these messages; one that speaks of another bucket is bad, its keys of `bucket` are not."""
    keys: list[str] = []
    bad: dict[str, str] = {}
    dropped: Counter[str] = Counter()
    for message in messages:
        try:
            objects = created_objects(message.body)
        except BadMessage as error:
            objects, bad[message.message_id] = error.good, str(error)
        except NothingCreated as reason:
            objects = []
            dropped[str(reason)] += 1
        strange = [found.bucket for found in objects if found.bucket != bucket]
        if strange:
            bad[message.message_id] = f"is about bucket {strange[0]!r}; this pipeline reads {bucket!r}"
        keys += [found.key for found in objects if found.bucket == bucket]
    return Intake(list(dict.fromkeys(keys)), bad, dropped)


def requests(pending: Sequence[str], past_start: Collection[str]) -> Requests:
    """A batch is requested until its run, found by its run key, has got past its start.

    By its run and not by its partition: a daemon that dies between adding the partition and reserving the run's id
    loses the request, while the partition stands.
    """
    return Requests(
        request=[batch for batch in pending if batch not in past_start],
        started=[batch for batch in pending if batch in past_start],
    )


class Room(NamedTuple):
    """How many messages to receive now, and why none."""

    messages: int
    reason: str = ""


def room(waiting: Mapping[str, int], most: int, slots: int, size: int, backlog: int) -> Room:
    """The room for messages, where `waiting` counts by state the batches that no run works on yet, at most `most`.

    While every one of the `slots` for runs has its next batch at hand, only batches are made that the `backlog` of the
    queue fills: fewer tickets gather there meanwhile, and runs start no later for it.
    """
    total = sum(waiting.values())
    counts = ", ".join(f"{count} {state}" for state, count in waiting.items())
    if total >= most:
        told = f"{total} batches are not being worked on yet ({counts}; at most {most})"
        return Room(0, f"{told}: messages wait in the queue")
    if total < slots:
        return Room(_whole(MOST_MESSAGES, size))
    if backlog < size:
        told = f"{total} batches wait for one of {slots} runs at a time ({counts})"
        return Room(0, f"{told}: messages gather in the queue until they fill another, or one starts")
    return Room(_whole(min(backlog, MOST_MESSAGES), size))


def batched(keys: Sequence[str], size: int, free: int) -> list[Sequence[str]]:
    """The keys in as few batches as their `size` allows, or in one for each of the `free` slots where that is worth it.

    All are of one size, give or take one: none waits for a much longer one.
    """
    parts = max(math.ceil(len(keys) / size), min(free, len(keys) // WORTH_A_RUN))
    ends = accumulate(((len(keys) + part) // parts for part in range(parts)), initial=0)
    return [keys[start:end] for start, end in pairwise(ends)]


def is_settled(gathered: int, size: int, idle: float, window: float) -> bool:
    """Whether a moment without a message ends the gathering: with a full batch, or `window` seconds after the last one.

    So the first tickets after a quiet spell wait for nothing, and a trickle makes a batch a window.
    """
    return gathered >= size or idle >= window


def idle_seconds(batches: Iterable[str], now: datetime) -> float:
    """Seconds since the newest of these batches was landed, endless where there is none."""
    newest = max(batches, default=None)
    if newest is None:
        return math.inf
    return now.timestamp() - landed_at(newest)


def _whole(messages: int, size: int) -> int:
    """As many of the messages as fill batches."""
    return messages // size * size
