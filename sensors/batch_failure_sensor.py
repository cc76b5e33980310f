"""Records each batch that failed for good where people look: the log, and an S3 record that `tickets status` shows.

It asks for the failed runs since the last look instead of reacting to each failure's event: an event that is met while
S3 is down, which is when batches fail, would be gone.
"""

from datetime import UTC, datetime, timedelta

import dagster as dg

from resources.aws import aws_errors, require_endpoint
from resources.display import masked, plain
from resources.object_store import S3ObjectStore
from ticket_assets.assets.policy import PARTITION_TAG
from ticket_assets.domain.batches import BatchFailure, iso
from ticket_assets.stores.batches import Batches

WILL_RETRY_TAG = "dagster/will_retry"
ENDED_BADLY = [dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
# Dagster says whether it retries a run just after it says that the run failed.
SETTLED = timedelta(seconds=5)


@dg.sensor(
    minimum_interval_seconds=10,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Records each batch whose last run failed or was canceled and is not retried.",
)
def batch_failure_sensor(context: dg.SensorEvaluationContext, pipeline_store: S3ObjectStore) -> dg.SkipReason:
    since = datetime.fromisoformat(context.cursor) if context.cursor else None
    until = datetime.now(UTC) - SETTLED
    failures = failed_batches(context.instance, since, until)
    if failures:
        require_endpoint()
        with aws_errors():
            for failure in failures:
                Batches(pipeline_store).record_failure(failure)
    for failure in failures:
        context.log.error(
            f"batch {failure.batch} failed: {failure.error}. Mend that, then re-execute {failure.run_id}."
        )
    context.update_cursor(until.isoformat())
    return dg.SkipReason(f"{len(failures)} batches failed" if failures else "no batch failed")


def failed_batches(instance: dg.DagsterInstance, since: datetime | None, until: datetime) -> list[BatchFailure]:
    """The batches whose last run ended badly between the two times and is not retried."""
    window = dg.RunsFilter(statuses=ENDED_BADLY, updated_after=since, updated_before=until)
    ended = [run for run in instance.get_runs(window) if PARTITION_TAG in run.tags]
    return [
        BatchFailure(batch=run.tags[PARTITION_TAG], run_id=run.run_id, error=cause(instance, run), at=iso(until))
        for run in ended
        if run.tags.get(WILL_RETRY_TAG) != "true" and is_last_of_its_batch(instance, run)
    ]


def is_last_of_its_batch(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Whether no later run of the same batch was started."""
    (last,) = instance.get_runs(dg.RunsFilter(tags={PARTITION_TAG: run.tags[PARTITION_TAG]}), limit=1)
    return last.run_id == run.run_id


def cause(instance: dg.DagsterInstance, run: dg.DagsterRun) -> str:
    """The first failed step's own error, masked, in one line; else what Dagster says of the run."""
    if run.status == dg.DagsterRunStatus.CANCELED:
        return "canceled"
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
