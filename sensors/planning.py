"""The queue sensor's decisions, as functions of messages and state. Pure: no Dagster, no AWS."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

from sensors.events import BadMessage, NothingCreated, created_objects


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


def hold_back(waiting: Mapping[str, int], most: int) -> str | None:
    """Why no message should be received now; None where there is room. `waiting` counts batches by state."""
    total = sum(waiting.values())
    if total < most:
        return None
    counts = ", ".join(f"{count} {state}" for state, count in waiting.items())
    return f"{total} batches are not being worked on yet ({counts}; at most {most}): messages wait in the queue"
