"""The oldest waiting ticket over real stores, and the check that is made of it: a quiet queue is no alarm."""

import json
import logging
import time

import dagster as dg
import pytest
from dagster._core.test_utils import create_test_daemon_workspace_context
from dagster._core.workspace.load_target import ModuleTarget
from dagster._daemon.sensor import execute_sensor_iteration

from resources.aws import AwsUnavailable
from resources.queue import SqsQueue
from sensors import waiting_tickets_sensor as module
from sensors.waiting_tickets_sensor import build_waiting_tickets_sensor
from tests.fakes import fake_suite
from tests.pipeline.conftest import Pipeline
from tests.support import WAITS_FOR_CODE_SERVERS, eventually, unplugged
from ticket_assets.assets.freshness import ASSET, CHECK
from ticket_assets.assets.policy import NEW_TICKETS
from ticket_assets.assets.waiting import waiting
from ticket_assets.definitions import build_definitions, defs
from ticket_assets.domain.batches import Manifest, landed_at
from ticket_assets.settings import variable
from tickets_cli.layout import PROJECT

LONG_AGO = "20260101T000000Z-00000000"
STORES = ("raw_store", "pipeline_store", "queue")


class Watch:
    """A pipeline with an empty queue, and its sensor, whose cursor is kept."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.queue: SqsQueue = pipeline.stores["queue"]
        self.queue.delete(self.queue.drain(1, 0, 100))  # S3's test event
        self.sensor = build_waiting_tickets_sensor(pipeline.settings)
        self.cursor: str | None = None

    def oldest(self):
        return waiting(self.queue, self.pipeline.batches, self.pipeline.raw, self.pipeline.instance)

    def tick(self) -> dg.AssetCheckEvaluation | str:
        """What the sensor tells, or why it tells nothing."""
        resources = {name: self.pipeline.stores[name] for name in STORES}
        with dg.build_sensor_context(
            instance=self.pipeline.instance, resources=resources, cursor=self.cursor
        ) as context:
            result = self.sensor(context)
        if isinstance(result, dg.SkipReason):
            return result.skip_message or ""
        assert isinstance(result, dg.SensorResult)
        self.cursor = result.cursor
        (told,) = result.asset_events
        assert isinstance(told, dg.AssetCheckEvaluation)
        return told

    def land_long_ago(self, *keys: str) -> None:
        """A batch that was landed in January and never ran."""
        bucket = self.pipeline.settings.raw_bucket
        manifest = Manifest(batch=LONG_AGO, bucket=bucket, keys=list(keys), created_at="")
        self.pipeline.store.put(f"batches/{LONG_AGO}.json", manifest.model_dump_json().encode())
        self.pipeline.store.put(f"batches/pending/{LONG_AGO}", b"")


@pytest.fixture
def watch(pipeline):
    return Watch(pipeline)


def test_after_the_last_ticket_is_enriched_nothing_waits_and_the_check_passes(watch, pipeline):
    batch = pipeline.land(pipeline.put("t1"))
    pipeline.run(batch, tags=NEW_TICKETS)
    pipeline.batches.clear_pending(batch)
    watch.queue.delete(watch.queue.drain(1, 0, 100))

    told = watch.tick()
    assert (told.passed, told.description) == (True, None)
    assert told.metadata["oldest_waiting_seconds"].value == 0
    assert told.asset_check_key == dg.AssetCheckKey(ASSET, CHECK)


def test_a_batch_that_does_not_run_fails_the_check_which_says_what_to_do(watch):
    watch.land_long_ago("t1.json")

    told = watch.tick()
    assert not told.passed
    assert told.metadata["where"].value == f"batch {LONG_AGO}"
    assert told.metadata["oldest_waiting_seconds"].value == pytest.approx(time.time() - landed_at(LONG_AGO), abs=60)
    assert "`tickets status` shows what holds tickets back" in told.description


def test_a_change_is_told_at_once_and_the_same_again_only_after_a_while(watch, pipeline, monkeypatch):
    assert watch.tick().passed
    assert "told already" in watch.tick()
    watch.land_long_ago("t1.json")
    assert not watch.tick().passed
    assert "told already" in watch.tick()
    pipeline.batches.clear_pending(LONG_AGO)
    assert watch.tick().passed
    monkeypatch.setattr(module, "TOLD_SECONDS", 0)
    assert watch.tick().passed


def test_a_message_waits_since_the_newest_ticket_was_put_that_was_received(watch, pipeline):
    before = time.time()
    pipeline.put("t1")
    assert eventually(lambda: watch.queue.depth()["waiting"]) == 1
    oldest = watch.oldest()
    assert oldest.where == "queue"
    assert oldest.seconds <= time.time() - int(before)

    watch.land_long_ago("t1.json")  # received, though its batch is old: t1 was put just now
    seen = watch.oldest()
    assert seen.where == f"batch {LONG_AGO}"
    pipeline.batches.clear_pending(LONG_AGO)
    pipeline.next_second()
    batch = pipeline.land(pipeline.put("t2"))
    pipeline.run(batch, tags=NEW_TICKETS)
    pipeline.batches.clear_pending(batch)
    put = pipeline.raw.head("t2.json").last_modified
    assert watch.oldest().seconds <= time.time() - put


def test_what_a_backfill_or_a_reprocess_has_yet_to_do_is_no_waiting_ticket(watch, pipeline):
    pipeline.batches.land(pipeline.settings.raw_bucket, ["t1.json"], deferred=True)
    job = defs.resolve_job_def("enrich_tickets")
    pipeline.instance.create_run_for_job(job, tags={"dagster/partition": LONG_AGO})
    assert watch.oldest() == (0, "nothing")
    pipeline.instance.create_run_for_job(job, tags={"dagster/partition": LONG_AGO, **NEW_TICKETS})
    assert watch.oldest().where == f"batch {LONG_AGO}"


def test_an_outage_is_a_failed_tick_that_names_it(watch):
    with unplugged(), pytest.raises(AwsUnavailable, match="cannot reach"):
        watch.tick()


def test_the_check_can_be_made_by_hand_and_no_batch_makes_it(watch, pipeline):
    definitions = build_definitions({"models": fake_suite()}, pipeline.settings)
    batch = pipeline.land(pipeline.put("t1"))
    job = definitions.resolve_job_def("enrich_tickets")
    made = job.execute_in_process(partition_key=batch, instance=pipeline.instance)
    assert CHECK not in {check.check_name for check in made.get_asset_check_evaluations()}

    by_hand = dg.define_asset_job("by_hand", dg.AssetSelection.checks(dg.AssetCheckKey(ASSET, CHECK)))
    resolved = dg.Definitions.merge(definitions, dg.Definitions(jobs=[by_hand])).resolve_job_def("by_hand")
    (found,) = resolved.execute_in_process(instance=pipeline.instance).get_asset_check_evaluations()
    assert found.passed


def test_the_daemon_stores_the_check_and_its_ticks_tell_when_the_queue_was_empty(settings, tmp_path, monkeypatch):
    for name in ("raw_bucket", "enriched_bucket", "pipeline_bucket", "queue", "dead_letter_queue", "table"):
        monkeypatch.setenv(variable(name), getattr(settings, name))
    monkeypatch.setenv("TICKETS_BATCH_WINDOW_SECONDS", "20")  # a tick of the queue sensor is then a short one
    with dg.DagsterInstance.local_temp(str(tmp_path), overrides=WAITS_FOR_CODE_SERVERS) as instance:
        watch = Watch(Pipeline(settings, instance))
        old = watch.pipeline.put("t1")
        watch.queue.delete(watch.queue.drain(2, 0, 100))
        watch.pipeline.next_second()
        watch.pipeline.next_second()
        target = ModuleTarget("ticket_assets.definitions", "defs", str(PROJECT), None)
        key = dg.AssetCheckKey(ASSET, CHECK)
        with create_test_daemon_workspace_context(target, instance) as workspace:

            def emptied() -> bool:
                list(execute_sensor_iteration(workspace, logging.getLogger("test"), None, None))
                names = {state.instigator_name: state for state in instance.all_instigator_state()}
                state = names.get("ticket_queue_sensor")
                ticks = instance.get_ticks(state.instigator_origin_id, state.selector_id) if state else []
                stored = instance.event_log_storage.get_latest_asset_check_execution_by_key([key])
                return bool(stored) and any(tick.skip_reason == "no new tickets" for tick in ticks)

            assert eventually(emptied, 90)
        body = {"bucket": settings.raw_bucket, "key": old}
        watch.queue.send([json.dumps(body)])
        assert eventually(lambda: watch.queue.depth()["waiting"])
        put = watch.pipeline.raw.head(old).last_modified
        oldest, now = watch.oldest(), time.time()
        assert oldest.where == "queue"
        assert oldest.seconds < now - put - 1
