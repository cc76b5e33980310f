"""A batch that failed for good is recorded where people look, and forgotten once it succeeds."""

import dagster as dg
import pytest

from resources.models.roles import ModelNotAvailable
from sensors.batch_failure_sensor import batch_failure_sensor
from tests.fakes import LengthEmbedder, fake_suite


class Missing(LengthEmbedder):
    def embed(self, texts):
        raise ModelNotAvailable("model x is not here;\nget it with tickets models prepare")


@pytest.fixture
def fail(pipeline):
    """Fail a batch's run and evaluate the sensor for it, as the daemon does; returns what the sensor said."""

    def run(batch: str, **tags: str):
        result = pipeline.run(batch, fake_suite(embedder=Missing()), raise_on_error=False)
        pipeline.instance.add_run_tags(result.run_id, tags)
        context = dg.build_run_status_sensor_context(
            sensor_name="batch_failure_sensor",
            dagster_event=result.get_run_failure_event(),
            dagster_instance=pipeline.instance,
            dagster_run=pipeline.instance.get_run_by_id(result.run_id),
            resources={"pipeline_store": pipeline.store},
        ).for_run_failure()
        return result.run_id, batch_failure_sensor(context)

    return run


def test_a_failed_batch_is_recorded_with_its_run_and_its_cause_in_one_line(pipeline, fail):
    batch = pipeline.land(pipeline.put("t1"))
    run_id, _ = fail(batch)
    (failure,) = pipeline.batches.failures()
    assert (failure.batch, failure.run_id) == (batch, run_id)
    assert failure.error.startswith("embedded_tickets: ")
    assert failure.error.endswith("model x is not here; get it with tickets models prepare")


def test_a_batch_that_will_be_retried_is_not_recorded_yet(pipeline, fail):
    _, said = fail(pipeline.land(pipeline.put("t1")), **{"dagster/will_retry": "true"})
    assert "is retried" in said.skip_message
    assert pipeline.batches.failures() == []


def test_a_batch_that_succeeds_after_all_is_no_failure_any_more(pipeline, fail):
    batch = pipeline.land(pipeline.put("t1"))
    fail(batch)
    assert pipeline.run(batch).success
    assert pipeline.batches.failures() == []
