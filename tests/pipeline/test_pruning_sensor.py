"""Partitions of finished batches are forgotten, and of no others; what they made stays."""

import logging
import time

import dagster as dg
import pytest
from dagster._core.execution.backfill import BulkActionStatus, PartitionBackfill
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.test_utils import create_test_daemon_workspace_context
from dagster._core.workspace.load_target import ModuleTarget
from dagster._daemon.sensor import execute_sensor_iteration

from resources.aws import AwsUnavailable
from resources.queue import SqsQueue
from sensors.partition_pruning_sensor import build_partition_pruning_sensor
from tests.fakes import fake_suite
from tests.pipeline.conftest import Pipeline
from tests.support import WAITS_FOR_CODE_SERVERS, eventually, unplugged
from ticket_assets.assets.policy import BATCHES
from ticket_assets.definitions import build_definitions, defs
from ticket_assets.domain.batches import BatchFailure, Manifest
from ticket_assets.settings import variable
from tickets_cli.layout import PROJECT


class Pruned:
    """A pipeline with its pruning sensor, which may leave `most` partitions."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.instance = pipeline.instance

    def old(self, ticket_id: str, batch: str = "20260101T000000Z-00000000") -> str:
        """A batch that was landed long ago, and the partition that was added for it."""
        pipeline = self.pipeline
        keys = [pipeline.put(ticket_id)]
        manifest = Manifest(batch=batch, bucket=pipeline.settings.raw_bucket, keys=keys, created_at="")
        pipeline.store.put(f"batches/{batch}.json", manifest.model_dump_json().encode())
        self.instance.add_dynamic_partitions(BATCHES.name, [batch])
        return batch

    def done(self, ticket_id: str) -> str:
        """An old batch that was run."""
        batch = self.old(ticket_id)
        assert self.pipeline.run(batch).success
        return batch

    def tick(self, **changed: object) -> list[str]:
        """The keys that the sensor, with some settings changed, asks Dagster to forget."""
        sensor = build_partition_pruning_sensor(self.pipeline.settings.model_copy(update=changed))
        with dg.build_sensor_context(
            instance=self.instance, resources={"pipeline_store": self.pipeline.store}
        ) as context:
            result = sensor(context)
        if isinstance(result, dg.SkipReason):
            self.reason = result.skip_message
            return []
        assert isinstance(result, dg.SensorResult)
        (request,) = result.dynamic_partitions_requests or []
        assert isinstance(request, dg.DeleteDynamicPartitionsRequest)
        return list(request.partition_keys)


@pytest.fixture
def pruned(pipeline):
    return Pruned(pipeline)


def start_run(pruned: Pruned, batch: str, status: dg.DagsterRunStatus) -> None:
    repository = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("tickets"), "__repository__")
    pruned.instance.create_run_for_job(
        defs.resolve_job_def("enrich_tickets"),  # only named by the run, never run
        status=status,
        remote_job_origin=RemoteJobOrigin(repository, "enrich_tickets"),
        tags={"dagster/partition": batch},
    )


def test_a_finished_batch_beyond_the_retention_goes_and_a_young_one_stays(pruned):
    old = pruned.done("t1")
    young = pruned.pipeline.land(pruned.pipeline.put("t2"))
    assert pruned.pipeline.run(young).success
    pruned.pipeline.batches.clear_pending(young)

    assert pruned.tick() == [old]
    assert pruned.tick(max_partitions=1) == [old]
    assert pruned.tick(partition_retention_days=100_000, max_partitions=1) == [old]
    assert pruned.tick(partition_retention_days=100_000) == []
    assert "none of 2 partitions" in pruned.reason


def test_a_batch_that_was_never_run_stays(pruned):
    pruned.old("t1")
    assert pruned.tick() == []


def test_a_batch_of_which_only_a_part_was_made_stays(pruned):
    batch = pruned.old("t1")
    assert pruned.pipeline.run(batch, selection=["raw_tickets"]).success
    assert pruned.tick() == []


def test_a_finished_batch_stays_while_a_marker_stands_or_it_is_recorded_as_failed_or_aws_is_away(pruned):
    batch, batches = pruned.done("t1"), pruned.pipeline.batches
    for prefix, clear in (("pending/", batches.clear_pending), ("deferred/", batches.clear_deferred)):
        pruned.pipeline.store.put(f"batches/{prefix}{batch}", b"")
        assert pruned.tick() == [], prefix
        clear(batch)
    batches.record_failure(BatchFailure(batch=batch, run_id="r", error="e", at=""))
    assert pruned.tick() == []
    batches.clear_failure(batch)
    with unplugged(), pytest.raises(AwsUnavailable, match="cannot reach"):
        pruned.tick()
    assert pruned.tick() == [batch]


@pytest.mark.parametrize("status", ["QUEUED", "STARTED", "CANCELING", "NOT_STARTED"])
def test_a_batch_of_which_a_run_is_under_way_stays_though_a_later_one_succeeded(pruned, status):
    batch = pruned.old("t1")
    start_run(pruned, batch, getattr(dg.DagsterRunStatus, status))
    assert pruned.pipeline.run(batch).success
    assert pruned.tick() == []


def test_a_batch_whose_last_run_ended_badly_stays(pruned):
    batch = pruned.done("t1")
    for status in (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED):
        start_run(pruned, batch, status)
        assert pruned.tick() == [], status


def test_a_batch_that_was_split_goes_once_its_halves_are_landed_unless_it_is_held(pruned):
    batch = pruned.old("t1")
    start_run(pruned, batch, dg.DagsterRunStatus.FAILURE)
    assert pruned.tick() == []

    pruned.pipeline.batches.split(batch)

    assert pruned.tick() == [batch]
    pruned.pipeline.batches.record_failure(BatchFailure(batch=batch, run_id="r", error="e", at=""))
    assert pruned.tick() == []
    pruned.pipeline.batches.clear_failure(batch)
    start_run(pruned, batch, dg.DagsterRunStatus.STARTED)
    assert pruned.tick() == []


def test_nothing_goes_while_a_backfill_is_active(pruned):
    batch = pruned.done("t1")
    backfill = PartitionBackfill("b", BulkActionStatus.REQUESTED, False, None, time.time(), partition_names=[])
    pruned.instance.add_backfill(backfill)
    assert pruned.tick() == []
    assert "a backfill is active" in pruned.reason

    pruned.instance.update_backfill(backfill.with_status(BulkActionStatus.CANCELING))
    assert pruned.tick() == []
    pruned.instance.update_backfill(backfill.with_status(BulkActionStatus.COMPLETED_SUCCESS))
    assert pruned.tick() == [batch]


def test_a_late_run_of_a_forgotten_batch_succeeds(pruned):
    batch = pruned.done("t1")
    pruned.instance.delete_dynamic_partition(BATCHES.name, batch)
    definitions = build_definitions({"models": fake_suite()}, pruned.pipeline.settings)
    late = definitions.resolve_job_def("enrich_tickets").execute_in_process(
        tags={"dagster/partition": batch, "dagster/run_key": batch}, instance=pruned.instance
    )
    assert late.success
    assert batch in pruned.instance.get_dynamic_partitions(BATCHES.name)
    assert pruned.pipeline.items("t1")[0]["batch"] == batch


def test_the_daemon_forgets_the_partition_and_nothing_else(settings, tmp_path, monkeypatch):
    for name in ("raw_bucket", "enriched_bucket", "pipeline_bucket", "queue", "dead_letter_queue", "table"):
        monkeypatch.setenv(variable(name), getattr(settings, name))
    monkeypatch.setenv("TICKETS_BATCH_WINDOW_SECONDS", "20")  # a tick of the queue sensor is then a short one
    with dg.DagsterInstance.local_temp(str(tmp_path), overrides=WAITS_FOR_CODE_SERVERS) as instance:
        pruned = Pruned(Pipeline(settings, instance))
        batch, waiting = pruned.done("t1"), pruned.old("t2", "20260102T000000Z-00000000")
        queue = SqsQueue(name=settings.queue)
        queue.delete(queue.drain(2, 1, 100))  # the queue sensor has nothing to do
        target = ModuleTarget("ticket_assets.definitions", "defs", str(PROJECT), None)
        with create_test_daemon_workspace_context(target, instance) as workspace:

            def forgotten() -> bool:
                list(execute_sensor_iteration(workspace, logging.getLogger("test"), None, None))
                return not instance.has_dynamic_partition("ticket_batches", batch)

            assert eventually(forgotten, 60)
        assert instance.get_dynamic_partitions("ticket_batches") == [waiting]
        assert pruned.pipeline.batches.manifest(batch).keys == ["t1.json"]
        assert pruned.pipeline.record("t1")
        assert pruned.pipeline.items("t1")
        assert dg.AssetKey("ticket_metadata") in instance.get_asset_keys()
