"""Where one ticket is, and how it came there. Never its text: that is for those who may read the buckets."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from pydantic import BaseModel

from ticket_assets.domain.batches import BatchFailure
from ticket_assets.domain.books import FORGOTTEN, Source, State, Version, is_quarantined, record_state
from ticket_assets.domain.quarantine import QuarantineEntry

UNKNOWN = "unknown"


class RawVersion(BaseModel):
    """A version of the raw object: LastModified in whole Unix seconds, size in bytes."""

    etag: str
    last_modified: int
    size: int


class BatchRun(BaseModel):
    """A run of a batch: its status as Dagster names it; start and end in Unix seconds, None where not yet."""

    run_id: str
    status: str
    start: float | None
    end: float | None


class BatchHistory(BaseModel):
    """A batch that names the ticket: its marker where it has one, its runs, and why it failed."""

    batch: str
    marker: str | None
    runs: list[BatchRun]
    failure: BatchFailure | None


class Verdict(BaseModel):
    """What became of the ticket, and what there is to add."""

    state: str
    detail: str = ""


class Whereabouts(BaseModel):
    """Everything that is known of a ticket; `raw` newest first, `batches` oldest first."""

    key: str
    verdict: Verdict
    raw: list[RawVersion]
    record: dict[str, str] | None
    items: list[dict[str, Any]]
    quarantine: QuarantineEntry | None
    tombstone: bool
    batches: list[BatchHistory]
    scanned: int
    cut: bool


class Evidence(NamedTuple):
    """What the stores say of one ticket: its batches that are going on or failed, and the queue's messages.

    `young` is a raw object that the queue may not have counted yet.
    """

    raw: Version | None
    record: Version | None
    made_from: Sequence[Source]
    entry: QuarantineEntry | None
    going: Sequence[str]
    failed: Sequence[str]
    messages: int
    young: bool = False

    @property
    def tombstone(self) -> bool:
        """Whether the ticket was erased for good."""
        return any(source.etag == FORGOTTEN for source in self.made_from)


def verdict(seen: Evidence) -> Verdict:
    """As the books count it."""
    if seen.raw is None:
        return _without_raw(seen)
    state = record_state(seen.raw, seen.record, seen.made_from)
    if state is State.ENRICHED:
        return Verdict(state=state)
    if seen.entry and is_quarantined(seen.raw, seen.entry):
        return Verdict(state=State.QUARANTINED, detail=seen.entry.reason)
    at_work = _at_work(seen)
    if at_work:
        return at_work
    if seen.messages or seen.young:
        waiting = f"perhaps in the queue, which has {seen.messages:,} messages"
        late = "put just now: its message may not have come yet"
        return Verdict(state=State.IN_FLIGHT, detail=waiting if seen.messages else late)
    return Verdict(state=state, detail=_lost(seen, state))


def _lost(seen: Evidence, state: State) -> str:
    found = f"it has {len(seen.made_from)} items" if len(seen.made_from) > 1 else "an older version is enriched"
    remedy = "`tickets reconcile --replay` sends it again"
    return f"{found}; {remedy}" if state is State.STALE else remedy


def _without_raw(seen: Evidence) -> Verdict:
    if seen.tombstone:
        return Verdict(state=State.FORGOTTEN, detail="erased for good")
    if seen.record and seen.made_from:
        return Verdict(state=State.ENRICHED, detail="orphaned: its raw object is gone")
    if seen.entry:
        return Verdict(state=State.QUARANTINED, detail=seen.entry.reason)
    at_work = _at_work(seen)
    if at_work:
        return at_work
    if seen.record or seen.made_from:
        return Verdict(state=State.MISSING, detail="its raw object is gone, and of record and item there is only one")
    return Verdict(state=UNKNOWN)


def _at_work(seen: Evidence) -> Verdict | None:
    if seen.going:
        return Verdict(state=State.IN_FLIGHT, detail=f"in batch {seen.going[-1]}")
    if seen.failed:
        return Verdict(state=State.FAILED, detail=f"in batch {seen.failed[-1]}")
    return None
