"""Records a batch that failed for good where people look: the log, and an S3 record that `tickets status` shows."""

from datetime import UTC, datetime

import dagster as dg

from resources.aws import aws_errors
from resources.object_store import S3ObjectStore
from ticket_assets.domain.batches import BatchFailure, iso
from ticket_assets.stores.batches import Batches

PARTITION_TAG = "dagster/partition"
WILL_RETRY_TAG = "dagster/will_retry"


@dg.run_failure_sensor(
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Records each batch whose run failed and will not be retried.",
)
def batch_failure_sensor(context: dg.RunFailureSensorContext, pipeline_store: S3ObjectStore) -> dg.SkipReason | None:
    run = context.dagster_run
    batch = run.tags.get(PARTITION_TAG)
    if batch is None:
        return dg.SkipReason(f"run {run.run_id} is not of a batch")
    if run.tags.get(WILL_RETRY_TAG) == "true":
        return dg.SkipReason(f"batch {batch} failed and is retried")
    failure = BatchFailure(batch=batch, run_id=run.run_id, error=cause(context), at=iso(datetime.now(UTC)))
    with aws_errors():
        Batches(pipeline_store).record_failure(failure)
    context.log.error(f"batch {batch} failed: {failure.error}. Re-execute run {run.run_id} when the cause is mended.")
    return None


def cause(context: dg.RunFailureSensorContext) -> str:
    """The first failed step's own error, in one line; else what Dagster says of the run."""
    for event in context.get_step_failure_events():
        error = event.step_failure_data.error
        if error:
            innermost = error
            while innermost.cause:
                innermost = innermost.cause
            return f"{event.step_key}: {' '.join(innermost.message.split())}"
    return " ".join((context.failure_event.message or "the run failed").split())
