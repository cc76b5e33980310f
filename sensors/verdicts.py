"""What becomes of a batch whose run ended badly, decided from its runs alone. Pure: no Dagster, no AWS.

A run that the platform ended (deploy, node loss, outage) is always made up for, so no such end stands as a failure.
Only deaths of the run's own process, and runs that do not end, hint at a ticket that is to blame; all that three of
them do is split the batch. A ticket alone whose runs do not end is recorded, where its trial did not quarantine it.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

DEATHS = 3
FIRST_PAUSE, LONGEST_PAUSE = 10.0, 15 * 60.0  # seconds
# Dagster retries within seconds; a retry that has not come by then was lost, as where its disk was full just then.
RETRY_COMES = 2 * 60.0


class End(StrEnum):
    """How a run ended, or that it has not."""

    GOING_ON = "going on"
    SUCCEEDED = "succeeded"
    PROCESS_DIED = "its process died"
    TOO_LONG = "it took longer than any run may"
    HOST_GONE = "its host went away"
    OUTAGE = "AWS was out of reach"
    FENCED = "a later run replaced it"
    CANCELED = "canceled"
    ERROR = "an error"


DEADLY = {End.PROCESS_DIED, End.TOO_LONG}


class Verdict(StrEnum):
    """What to do with the batch. A REQUEST stands until a later run of the batch is seen."""

    NOTHING = "nothing"
    WAIT = "wait"
    RECORD = "record as failed"
    SPLIT = "split"
    REQUEST = "request again"


class RunEnd(NamedTuple):
    """A run of the batch: how it ended, and whether Dagster says that it retries it."""

    end: End
    will_retry: bool = False


def decide(runs: Sequence[RunEnd], idle: float, *, splittable: bool = True) -> Verdict:
    """The verdict on a batch with these runs of all its assets, oldest first, whose last one ended `idle` seconds ago.

    A fenced run says nothing of its batch: the run that replaced it does. A batch of one that was split off cannot be
    split again.
    """
    telling = [run for run in runs if run.end is not End.FENCED]
    if not runs or _is_settled(telling):
        return Verdict.NOTHING
    last = telling[-1] if telling else runs[-1]  # fenced by what was no run of the whole batch
    if last.will_retry and last is runs[-1]:
        return Verdict.REQUEST if idle >= RETRY_COMES else Verdict.WAIT
    if last.end in {End.ERROR, End.CANCELED}:
        return Verdict.RECORD
    if last.end in DEADLY and deaths(runs) >= DEATHS:
        if splittable:
            return Verdict.SPLIT
        if last.end is End.TOO_LONG:  # unlike a death, no operator's kill: it would be run for ever
            return Verdict.RECORD
    return Verdict.REQUEST if idle >= pause(len(runs)) else Verdict.WAIT


def _is_settled(telling: Sequence[RunEnd]) -> bool:
    """Whether a run goes on or succeeded, or a backfill's was canceled: what was enriched before it stands."""
    last = telling[-1].end if telling else None
    succeeded = any(run.end is End.SUCCEEDED for run in telling)
    return last in {End.GOING_ON, End.SUCCEEDED} or (last is End.CANCELED and succeeded)


def deaths(runs: Sequence[RunEnd]) -> int:
    """How many of the runs since the last success died with their process, or did not end by themselves."""
    count = 0
    for run in runs:
        count = 0 if run.end is End.SUCCEEDED else count + (run.end in DEADLY)
    return count


def pause(runs: int) -> float:
    """Seconds to wait after so many runs of a batch before the next is requested: doubling, up to 15 minutes."""
    return min(FIRST_PAUSE * 2 ** min(runs - 1, 10), LONGEST_PAUSE)
