"""Forgets the partitions of finished batches, oldest first, so that Dagster stays quick.

Forgotten is the partition alone: manifest, records, items and Dagster's own history of it stay. Finished is what was
stored (`ticket_metadata` is materialized) and was not touched since: its last run succeeded, and none is under way.
So is a batch that was split, in whose place two others are.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import compress

import dagster as dg
from dagster._core.execution.backfill import BULK_ACTION_TERMINAL_STATUSES, BulkActionsFilter, BulkActionStatus

from resources.aws import aws_errors, concurrently, require_endpoint
from resources.object_store import S3ObjectStore
from sensors.pruning import cutoff_key, prunable
from ticket_assets.assets.policy import BATCHES, PARTITION_TAG
from ticket_assets.settings import Settings
from ticket_assets.stores.batches import Batches

MOST_AT_ONCE = 2_000  # SQLite forgets about 120 a second
LAST_ASSET = dg.AssetKey("ticket_metadata")
ENDED_BADLY = {dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED}
UNDER_WAY = [status for status in dg.DagsterRunStatus if status not in {dg.DagsterRunStatus.SUCCESS, *ENDED_BADLY}]
BACKFILLING = [status for status in BulkActionStatus if status not in BULK_ACTION_TERMINAL_STATUSES]


def build_partition_pruning_sensor(settings: Settings) -> dg.SensorDefinition:
    """The sensor, with the retention and the number of partitions that `settings` say."""

    @dg.sensor(
        minimum_interval_seconds=3600,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Forgets the partitions of finished batches beyond the retention or the highest number.",
    )
    def partition_pruning_sensor(
        context: dg.SensorEvaluationContext, pipeline_store: S3ObjectStore
    ) -> dg.SensorResult | dg.SkipReason:
        # Which partitions a backfill still means to run is known to its own assets' graph alone.
        if context.instance.get_backfills_count(BulkActionsFilter(statuses=BACKFILLING)):
            return dg.SkipReason("a backfill is active: its partitions must stand until it ends")
        require_endpoint()
        batches = Batches(pipeline_store)
        keys = context.instance.get_dynamic_partitions(BATCHES.name or "")
        cutoff = cutoff_key(datetime.now(UTC), timedelta(days=settings.partition_retention_days))
        with aws_errors():
            held = batches.unfinished()
            pruned = prunable(
                keys,
                cutoff,
                settings.max_partitions,
                MOST_AT_ONCE,
                lambda group: finished(context.instance, group, batches.is_split) - held,
            )
        if not pruned:
            return dg.SkipReason(f"none of {len(keys)} partitions is to be forgotten")
        context.log.info(f"forgetting {len(pruned)} of {len(keys)} partitions, {pruned[0]} to {pruned[-1]}")
        return dg.SensorResult(dynamic_partitions_requests=[BATCHES.build_delete_request(pruned)])

    return partition_pruning_sensor


def finished(instance: dg.DagsterInstance, batches: Sequence[str], is_split: Callable[[str], bool]) -> set[str]:
    """Of `batches`, at least one, those that were stored and whose last run succeeded, and those that were split.

    A split batch's last run is the one that died. Only batches whose last run ended badly are asked about.
    """
    stored = instance.get_latest_storage_id_by_partition(
        LAST_ASSET, dg.DagsterEventType.ASSET_MATERIALIZATION, set(batches)
    )
    last = instance.get_run_partition_data(dg.RunsFilter(tags={PARTITION_TAG: list(batches)}))
    active = instance.get_run_partition_data(dg.RunsFilter(statuses=UNDER_WAY, tags={PARTITION_TAG: list(batches)}))
    succeeded = {run.partition for run in last if run.status == dg.DagsterRunStatus.SUCCESS}
    ended_badly = sorted(run.partition for run in last if run.status in ENDED_BADLY)
    split = set(compress(ended_badly, concurrently(is_split, ended_badly)))
    return (set(stored) & succeeded | split) - {run.partition for run in active}
