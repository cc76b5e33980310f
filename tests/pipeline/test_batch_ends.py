"""A batch that the platform ended is requested again, and one that kills its process is split: never a failed one."""

from datetime import timedelta

import dagster as dg
import pytest

from resources import patience
from resources.aws import client
from resources.object_store import S3ObjectStore
from sensors import batch_failure_sensor as module
from sensors import verdicts
from tests.fakes import fake_suite
from tests.pipeline.conftest import Pipeline
from tests.pipeline.failing import Watch, Worker
from tests.support import tick_of, unplugged
from ticket_assets.definitions import build_definitions
from ticket_assets.domain.batches import Manifest
from ticket_assets.jobs import enrich_tickets


@pytest.fixture
def watch(pipeline, monkeypatch):
    monkeypatch.setattr(module, "SETTLED", timedelta(0))
    return Watch(pipeline)


@pytest.fixture
def at_once(monkeypatch):
    monkeypatch.setattr(verdicts, "FIRST_PAUSE", 0)


@pytest.fixture
def worker(pipeline, watch):
    return Worker(watch, pipeline.land(*[pipeline.put(f"t{n}") for n in range(5)]))


def test_a_batch_whose_process_died_three_times_is_split_in_two_that_are_requested(pipeline, watch, worker):
    pipeline.batches.clear_pending(worker.batch)
    for _ in range(3):
        worker.dies()
    assert watch.recorded() == []
    halves = [pipeline.batches.manifest(half) for half in pipeline.batches.pending()]
    assert sorted(half.keys for half in halves) == [["t0.json", "t1.json", "t2.json"], ["t3.json", "t4.json"]]
    assert {half.parent for half in halves} == {worker.batch}


def test_a_half_whose_process_died_three_times_is_split_too(pipeline, watch, worker):
    def parts(died: Worker) -> list[Manifest]:
        """What the batch is split into, the larger part first."""
        for _ in range(3):
            died.dies()
        watch.tick()
        pending = [pipeline.batches.manifest(batch) for batch in pipeline.batches.pending()]
        found = [part for part in pending if part.parent == died.batch]
        return sorted(found, key=lambda part: len(part.keys), reverse=True)

    half, _ = parts(worker)

    assert [len(quarter.keys) for quarter in parts(Worker(watch, half.batch))] == [2, 1]


def test_a_batch_whose_runs_hang_is_split_and_not_run_for_ever(pipeline, watch, worker, at_once):
    for _ in range(2):
        worker.takes_too_long()
    assert watch.tick() == [worker.batch]
    worker.takes_too_long()
    assert watch.tick() == []
    assert len(set(pipeline.batches.pending()) - {worker.batch}) == 2


def test_a_ticket_alone_whose_runs_hang_is_recorded_with_what_they_exceeded(pipeline, watch, at_once):
    batch = pipeline.land(pipeline.put("t1"))
    for _ in range(3):
        Worker(watch, batch).takes_too_long()
    watch.tick()
    (alone,) = set(pipeline.batches.pending()) - {batch}
    for _ in range(3):
        Worker(watch, alone).takes_too_long()
    assert watch.tick() == []
    (failure,) = pipeline.batches.failures()
    assert failure.batch == alone
    assert "maximum runtime" in failure.error


def test_a_worker_that_says_canceled_when_it_is_ended_for_its_length_was_canceled_by_nobody(watch, worker, at_once):
    run = worker.takes_too_long()
    worker.instance.report_run_canceled(run)
    assert watch.tick() == [worker.batch]


def test_a_split_is_done_once_however_often_the_batch_is_looked_at(pipeline, watch, worker):
    for _ in range(3):
        worker.dies()
    watch.tick()
    (first, second) = sorted(half for half in pipeline.batches.pending() if half != worker.batch)
    pipeline.batches.clear_pending(first)
    watch.cursor = None
    watch.tick()
    assert first not in pipeline.batches.pending()
    assert second in pipeline.batches.pending()


def test_a_batch_of_one_is_tried_alone_and_not_split_any_further(pipeline, watch, at_once):
    batch = pipeline.land(pipeline.put("t1"))
    worker = Worker(watch, batch)
    for _ in range(3):
        worker.dies()
    assert watch.tick() == []
    (alone,) = set(pipeline.batches.pending()) - {batch}
    assert pipeline.batches.manifest(alone).alone
    for _ in range(3):
        Worker(watch, alone).dies()
    assert watch.tick() == [alone]
    assert set(pipeline.batches.pending()) == {batch, alone}


@pytest.mark.parametrize("end", [Worker.loses_its_host, Worker.never_starts, Worker.is_not_launched, Worker.dies])
def test_a_batch_that_the_platform_ended_is_requested_again_and_never_recorded(pipeline, watch, worker, at_once, end):
    end(worker)
    assert watch.tick() == [worker.batch]
    assert watch.recorded() == []


def test_a_process_that_was_asked_to_stop_counts_against_nobody(pipeline, watch, worker, at_once):
    for exit_code in (-15, -2, 143):
        for _ in range(4):
            worker.dies(exit_code)
        assert watch.tick() == [worker.batch], exit_code
        assert pipeline.batches.pending() == [worker.batch], exit_code


def test_a_request_waits_for_its_pause_and_stands_until_its_run_is_seen(pipeline, watch, worker, monkeypatch):
    worker.loses_its_host()
    assert watch.tick() == []
    monkeypatch.setattr(verdicts, "FIRST_PAUSE", 0)
    assert watch.tick() == [worker.batch]
    assert watch.tick() == [worker.batch]
    worker.run()
    assert watch.tick() == []


def test_a_death_that_dagster_retries_is_waited_for(watch, worker, at_once):
    worker.dies(**{"dagster/will_retry": "true"})
    assert watch.tick() == []
    worker.dies()
    assert watch.tick() == [worker.batch]


def test_a_retry_that_dagster_promised_and_lost_is_made_up_for(watch, worker, at_once, monkeypatch):
    worker.dies(**{"dagster/will_retry": "true"})
    assert watch.tick() == []
    monkeypatch.setattr(verdicts, "RETRY_COMES", 0)
    assert watch.tick() == [worker.batch]
    assert watch.recorded() == []


def test_a_batch_that_lacks_a_bucket_waits_for_setup_and_is_not_recorded(pipeline, watch, at_once):
    batch = pipeline.land(pipeline.put("t1"))
    client("s3").delete_bucket(Bucket=pipeline.settings.enriched_bucket)
    assert not pipeline.run(batch, raise_on_error=False).success
    assert watch.tick() == [batch]
    assert watch.recorded() == []


class Unplugged(S3ObjectStore):
    """A store whose server is gone when objects are read."""

    def find(self, key, limit=None):
        with unplugged():
            return super().find(key, limit)


def test_a_batch_whose_server_went_away_in_mid_run_is_requested_again(pipeline, watch, at_once, monkeypatch):
    monkeypatch.setattr(patience, "OUTAGE_SECONDS", 0.5)
    batch = pipeline.land(pipeline.put("t1"))
    pipeline.stores["raw_store"] = Unplugged(bucket=pipeline.settings.raw_bucket)
    assert not pipeline.run(batch, raise_on_error=False).success
    assert watch.tick() == [batch]
    assert watch.recorded() == []


def test_the_daemon_can_launch_what_is_requested_though_the_partition_is_gone(settings, tmp_path, at_once, monkeypatch):
    monkeypatch.setattr(module, "SETTLED", timedelta(0))
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        pipeline = Pipeline(settings, instance)
        batch = pipeline.land(pipeline.put("t1"))
        Worker(Watch(pipeline), batch).dies()
        instance.delete_dynamic_partition("ticket_batches", batch)
        sensor = module.build_batch_failure_sensor(enrich_tickets)
        tick = tick_of(sensor, instance, build_definitions({}, settings), pipeline.stores)
    (request,) = tick.run_requests or []
    assert (request.partition_key, (request.run_key or "").startswith(f"{batch}/")) == (batch, True)
    assert [added.partition_keys for added in tick.dynamic_partitions_requests or []] == [[batch]]
    assert tick.cursor


def materialize_some(pipeline: Pipeline, batch: str, *assets: str) -> None:
    """As the asset page does: a run of these assets alone, with the batch's partition."""
    job = build_definitions({"models": fake_suite(), **pipeline.stores}, pipeline.settings).resolve_job_def(
        "enrich_tickets"
    )
    selection = [dg.AssetKey(asset) for asset in assets]
    assert job.execute_in_process(partition_key=batch, instance=pipeline.instance, asset_selection=selection).success


def test_a_run_of_some_assets_alone_does_not_make_its_batch_succeed(pipeline, watch, worker, at_once):
    worker.loses_its_host()
    materialize_some(pipeline, worker.batch, "raw_tickets")
    assert watch.tick() == [worker.batch]


def test_a_canceled_backfill_is_no_failure_of_a_batch_that_was_enriched(pipeline, watch, worker):
    assert pipeline.run(worker.batch).success
    run = worker.run(**{"dagster/backfill": "b"})
    pipeline.instance.report_run_canceling(run)
    pipeline.instance.report_run_canceled(run)
    assert watch.recorded() == []


def test_a_backfills_run_that_the_platform_ended_does_not_come_before_new_tickets(pipeline, watch, worker, at_once):
    run = worker.run(**{"dagster/priority": "-10"})
    pipeline.instance.report_engine_event("Detected run worker status FAILED", run)
    pipeline.instance.report_run_failed(run, "Detected run worker status FAILED")
    (request,) = watch.requests()
    assert request.tags["dagster/priority"] == "-10"


def test_a_run_of_somebody_elses_partition_is_no_batch(pipeline, watch, at_once):
    Worker(watch, "2026-11-23").loses_its_host()
    assert watch.requests() == []


def test_more_bad_ends_than_one_tick_sees_to_are_seen_to_by_the_next(pipeline, watch, monkeypatch):
    monkeypatch.setattr(module, "MOST_AT_ONCE", 2)
    batches = [pipeline.land(pipeline.put(f"t{n}")) for n in range(5)]
    for batch in batches:
        watch.fail(batch)
    seen = [len(watch.recorded()) for _ in range(3)]
    assert seen == [2, 4, 5]
