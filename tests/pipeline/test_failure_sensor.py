"""A batch that failed for good is recorded where people look, and forgotten once it succeeds."""

from datetime import UTC, datetime, timedelta

import pytest

from resources.aws import AwsUnavailable
from sensors import batch_failure_sensor as module
from tests.pipeline.failing import Watch
from tests.support import unplugged
from ticket_assets.definitions import defs


@pytest.fixture
def watch(pipeline, monkeypatch):
    monkeypatch.setattr(module, "SETTLED", timedelta(0))
    return Watch(pipeline)


def test_a_failed_batch_is_recorded_with_its_run_and_its_cause_in_one_line(pipeline, watch):
    batch = pipeline.land(pipeline.put("t1"))
    run_id = watch.fail(batch)
    watch.tick()
    (failure,) = pipeline.batches.failures()
    assert (failure.batch, failure.run_id) == (batch, run_id)
    assert failure.error.startswith("embedded_tickets: ")
    assert failure.error.endswith("model x is not here; get it with tickets models prepare")


def test_all_batches_that_failed_since_the_last_look_are_recorded_at_once(pipeline, watch):
    batches = {pipeline.land(pipeline.put(f"t{n}")) for n in range(3)}
    for batch in batches:
        watch.fail(batch)
    assert set(watch.recorded()) == batches


def test_a_batch_that_will_be_retried_is_not_recorded_yet(pipeline, watch):
    watch.fail(pipeline.land(pipeline.put("t1")), **{"dagster/will_retry": "true"})
    assert watch.recorded() == []


def test_a_canceled_batch_is_recorded_too(pipeline, watch):
    batch = pipeline.land(pipeline.put("t1"))
    job = defs.resolve_job_def("enrich_tickets")
    run = pipeline.instance.create_run_for_job(job, tags={"dagster/partition": batch})
    pipeline.instance.report_run_canceled(run)
    assert watch.recorded() == [batch]


def test_a_failure_that_a_later_run_of_the_batch_made_good_is_not_recorded(pipeline, watch):
    batch = pipeline.land(pipeline.put("t1"))
    watch.fail(batch)
    assert pipeline.run(batch).success
    assert watch.recorded() == []


def test_a_recorded_batch_that_succeeds_after_all_is_no_failure_any_more(pipeline, watch):
    batch = pipeline.land(pipeline.put("t1"))
    watch.fail(batch)
    assert watch.recorded() == [batch]
    assert pipeline.run(batch).success
    assert watch.recorded() == []


def test_a_failure_that_is_met_while_the_server_is_down_is_recorded_when_it_is_back(pipeline, watch):
    batch = pipeline.land(pipeline.put("t1"))
    watch.fail(batch)
    with unplugged(), pytest.raises(AwsUnavailable, match="cannot reach"):
        watch.tick()
    assert watch.recorded() == [batch]


def test_a_failure_is_looked_at_once_dagster_has_said_whether_it_retries(pipeline, watch, monkeypatch):
    monkeypatch.setattr(module, "SETTLED", timedelta(minutes=1))
    watch.fail(pipeline.land(pipeline.put("t1")))
    assert watch.recorded() == []
    assert datetime.fromisoformat(watch.cursor or "") < datetime.now(UTC) - timedelta(seconds=50)
