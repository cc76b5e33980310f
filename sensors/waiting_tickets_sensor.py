"""Makes the check `no_ticket_waits_too_long` every minute, without a run, and tells of what changed."""

import time

import dagster as dg
from pydantic import BaseModel

from resources.aws import aws_errors, require_endpoint
from resources.object_store import S3ObjectStore
from resources.queue import SqsQueue
from ticket_assets.assets.freshness import verdict
from ticket_assets.assets.waiting import waiting
from ticket_assets.settings import Settings
from ticket_assets.stores.batches import Batches

TOLD_SECONDS = 15 * 60  # a check that says the same is told again after this, as a point of its plot


class Told(BaseModel):
    """The cursor: what was told last, and when in Unix seconds."""

    passed: bool
    at: float


def build_waiting_tickets_sensor(settings: Settings) -> dg.SensorDefinition:
    """The sensor, with the longest wait that `settings` allow."""

    @dg.sensor(
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Checks whether the oldest waiting ticket waits too long, and tells it to ticket_books.",
    )
    def waiting_tickets_sensor(
        context: dg.SensorEvaluationContext,
        raw_store: S3ObjectStore,
        pipeline_store: S3ObjectStore,
        queue: SqsQueue,
    ) -> dg.SensorResult | dg.SkipReason:
        require_endpoint()
        with aws_errors():
            oldest = waiting(queue, Batches(pipeline_store), raw_store, context.instance)
        found = verdict(oldest, settings.max_wait_seconds)
        told = Told.model_validate_json(context.cursor) if context.cursor else None
        if told and told.passed == found.passed and time.time() - told.at < TOLD_SECONDS:
            return dg.SkipReason(f"the oldest ticket waits {oldest.seconds:,.0f} s in {oldest.where}: told already")
        cursor = Told(passed=found.passed, at=time.time()).model_dump_json()
        return dg.SensorResult(asset_events=[found], cursor=cursor)

    return waiting_tickets_sensor
