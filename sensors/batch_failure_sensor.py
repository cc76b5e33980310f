"""Sees to each batch whose last run ended badly: split, requested again, or recorded where people look.

It asks for the runs that ended since the last look instead of reacting to each failure's event: an event that is met
while S3 is down, which is when batches fail, would be gone. The verdict is `verdicts.decide`'s; whatever is done here
can be done twice.
"""

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from resources.aws import aws_errors, require_endpoint
from resources.display import masked, plain
from resources.object_store import S3ObjectStore
from sensors.pruning import BATCH_KEY
from sensors.run_ends import end_of
from sensors.verdicts import End, RunEnd, Verdict, decide
from ticket_assets.assets.policy import BATCHES, NEW_TICKETS, PARTITION_TAG
from ticket_assets.domain.batches import BatchFailure, iso
from ticket_assets.stores.batches import Batches

WILL_RETRY_TAG = "dagster/will_retry"
SEEN_TO_TAG = "tickets/seen_to"  # its value is the run's id, since a retry inherits its parent's tags
ENDED_BADLY = [dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
# Dagster says whether it retries a run just after it says that the run failed.
SETTLED = timedelta(seconds=5)
LATE = timedelta(minutes=2)  # a status may be written so long after the time that it bears, where a disk stalls
MOST_AT_ONCE = 500  # batches; Dagster cuts a tick at 60 seconds
WITHOUT_ERROR = {End.CANCELED: "canceled", End.TOO_LONG: "its runs exceed the maximum runtime (run_monitoring)"}
LAST_ASSET = dg.AssetKey("ticket_metadata")


def build_batch_failure_sensor(job: UnresolvedAssetJobDefinition) -> dg.SensorDefinition:
    """The sensor, which requests runs of `job`."""

    @dg.sensor(
        job=job,
        minimum_interval_seconds=10,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Sees to each batch whose last run failed or was canceled: splits it where its process died or "
        "hung three times, requests it again where the platform ended it, records it otherwise.",
    )
    def batch_failure_sensor(context: dg.SensorEvaluationContext, pipeline_store: S3ObjectStore) -> dg.SensorResult:
        since = datetime.fromisoformat(context.cursor) if context.cursor else None
        until = datetime.now(UTC) - SETTLED
        cases, until = bad_ends(context.instance, since and since - LATE, until)
        if cases:
            require_endpoint()
        with aws_errors():
            verdicts = [(case, case.see_to(context, Batches(pipeline_store))) for case in cases]
        # What is not settled yet is looked at again: the next look starts where the oldest of it lies.
        open_since = [case.since for case, verdict in verdicts if verdict in {Verdict.WAIT, Verdict.REQUEST}]
        context.update_cursor(min([until, *open_since]).isoformat())
        again = [case for case, verdict in verdicts if verdict is Verdict.REQUEST]
        if not again:
            return dg.SensorResult(skip_reason=f"{len(cases)} batches ended badly" if cases else "no batch failed")
        return dg.SensorResult(
            run_requests=[case.request() for case in again],
            dynamic_partitions_requests=[BATCHES.build_add_request([case.batch for case in again])],
        )

    return batch_failure_sensor


class Case:
    """A batch of which a run ended badly, with its runs, oldest first; `since` is before that run's last change.

    A run of some of its assets alone is its operator's own affair: it neither fails the batch nor makes it succeed.
    """

    def __init__(self, instance: dg.DagsterInstance, batch: str, ended: datetime) -> None:
        self._instance = instance
        records = instance.get_run_records(dg.RunsFilter(tags={PARTITION_TAG: batch}))[::-1]
        self._records = [record for record in records if is_whole(record.dagster_run)]
        self.batch = batch
        self.since = ended - timedelta(seconds=1)

    def see_to(self, context: dg.SensorEvaluationContext, batches: Batches) -> Verdict:
        """Carry out the verdict on the batch, but for the request of a run."""
        verdict = self._verdict()
        if verdict is Verdict.SPLIT and batches.manifest(self.batch).alone:
            verdict = self._verdict(splittable=False)
        if verdict is Verdict.RECORD:
            failure = self._failure()
            batches.record_failure(failure)
            context.log.error(
                f"batch {self.batch} failed: {failure.error}. Mend that, then re-execute {failure.run_id}."
            )
        if verdict is Verdict.SPLIT:
            halves = " and ".join(half.batch for half in batches.split(self.batch))
            context.log.warning(f"batch {self.batch} died or hung three times: {halves} take its place")
        if verdict is Verdict.REQUEST:
            context.log.warning(f"batch {self.batch} is requested again after {len(self._records)} runs")
        if verdict in {Verdict.RECORD, Verdict.SPLIT}:
            self._instance.add_run_tags(self._last.run_id, {SEEN_TO_TAG: self._last.run_id})
        return verdict

    def request(self) -> dg.RunRequest:
        """The next run of the batch: the same one however often it is requested."""
        key = f"{self.batch}/{self._last.run_id}"
        # A backfill's or a deferred batch's run comes after those of new tickets, as before.
        tags = {name: text for name, text in self._last.tags.items() if name in NEW_TICKETS}
        return dg.RunRequest(run_key=key, partition_key=self.batch, tags=tags)

    @property
    def _last(self) -> dg.DagsterRun:
        return self._records[-1].dagster_run

    def _verdict(self, *, splittable: bool = True) -> Verdict:
        if not self._records or is_seen_to(self._last):
            return Verdict.NOTHING
        idle = time.time() - (self._records[-1].end_time or 0)
        return decide(self._ends, idle, splittable=splittable)

    @cached_property
    def _ends(self) -> list[RunEnd]:
        runs = [record.dagster_run for record in self._records]
        return [RunEnd(end_of(self._instance, run), run.tags.get(WILL_RETRY_TAG) == "true") for run in runs]

    def _failure(self) -> BatchFailure:
        ended = zip(self._records, self._ends, strict=True)
        run, end = [(record.dagster_run, end) for record, (end, _) in ended if end is not End.FENCED][-1]
        error = WITHOUT_ERROR.get(end) or cause(self._instance, run)
        return BatchFailure(batch=self.batch, run_id=run.run_id, error=error, at=iso(datetime.now(UTC)))


def bad_ends(instance: dg.DagsterInstance, since: datetime | None, until: datetime) -> tuple[Sequence[Case], datetime]:
    """The batches of which a run ended badly between the two times, not all where there are many, and up to when."""
    window = dg.RunsFilter(statuses=ENDED_BADLY, updated_after=since, updated_before=until)
    ended: dict[str, datetime] = {}
    for record in instance.get_run_records(window, order_by="update_timestamp"):
        run = record.dagster_run
        if BATCH_KEY.fullmatch(run.tags.get(PARTITION_TAG, "")) and not is_seen_to(run):
            ended[run.tags[PARTITION_TAG]] = record.update_timestamp  # the oldest comes last
    oldest = sorted(ended.items(), key=lambda one: one[1])
    cases = [Case(instance, batch, when) for batch, when in oldest[:MOST_AT_ONCE]]
    return cases, until if len(cases) == len(oldest) else oldest[len(cases)][1]


def is_seen_to(run: dg.DagsterRun) -> bool:
    """Whether its verdict was carried out. A retry inherits the tag, with the value of the run that it retries."""
    return run.tags.get(SEEN_TO_TAG) == run.run_id


def is_whole(run: dg.DagsterRun) -> bool:
    """Whether the run was of the whole batch, to its last asset."""
    return not run.asset_selection or LAST_ASSET in run.asset_selection


def cause(instance: dg.DagsterInstance, run: dg.DagsterRun) -> str:
    """The first failed step's own error, masked, in one line; else what Dagster says of the run."""
    failed = {dg.DagsterEventType.STEP_FAILURE, dg.DagsterEventType.RUN_FAILURE}
    for entry in instance.all_logs(run.run_id, of_type=failed):
        event = entry.dagster_event
        if event and event.is_step_failure and event.step_failure_data.error:
            error = event.step_failure_data.error
            while error.cause:
                error = error.cause
            return f"{event.step_key}: {masked(plain(error.message))}"
        if event and event.message:
            return masked(plain(event.message))
    return "the run failed"
