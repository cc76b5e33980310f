"""A failure sensor as the daemon evaluates it, and runs that end badly as Dagster itself says that they do."""

import logging

import dagster as dg
from dagster._core.events import DagsterEvent, DagsterEventType, JobFailureData, RunFailureReason
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus
from dagster._daemon.monitoring.run_monitoring import check_run_timeout
from dagster._utils import get_run_crash_explanation

from resources.models.roles import ModelNotAvailable
from sensors import batch_failure_sensor as module
from tests.fakes import LengthEmbedder, fake_suite
from tests.pipeline.conftest import Pipeline
from ticket_assets.definitions import defs
from ticket_assets.jobs import enrich_tickets


class Missing(LengthEmbedder):
    def embed(self, texts):
        raise ModelNotAvailable("model x is not here;\nget it with tickets models prepare")


class Watch:
    """The sensor as the daemon evaluates it, with the cursor that its last good tick left."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.cursor: str | None = None

    def fail(self, batch: str, **tags: str) -> str:
        result = self.pipeline.run(batch, fake_suite(embedder=Missing()), raise_on_error=False, tags=tags)
        return result.run_id

    def tick(self) -> list[str]:
        """The batches of which a run is requested."""
        return [str(request.partition_key) for request in self.requests()]

    def requests(self) -> list[dg.RunRequest]:
        """The runs that one tick requests."""
        with dg.build_sensor_context(
            instance=self.pipeline.instance, cursor=self.cursor, resources={"pipeline_store": self.pipeline.store}
        ) as context:
            result = module.build_batch_failure_sensor(enrich_tickets)(context)
            self.cursor = context.cursor
        assert isinstance(result, dg.SensorResult)
        return list(result.run_requests or [])

    def recorded(self) -> list[str]:
        self.tick()
        return [failure.batch for failure in self.pipeline.batches.failures()]


class Worker:
    """Runs of a batch that end as Dagster says that they do: by its own messages, in its own event log."""

    def __init__(self, watch: Watch, batch: str) -> None:
        self.instance = watch.pipeline.instance
        self.batch = batch
        self.job = defs.resolve_job_def("enrich_tickets")  # only named by these runs, never run

    def run(self, **tags: str) -> dg.DagsterRun:
        status = dg.DagsterRunStatus.STARTED
        return self.instance.create_run_for_job(self.job, status=status, tags={"dagster/partition": self.batch, **tags})

    def dies(self, exit_code: int = -9, **tags: str) -> None:
        """As the code server's `_check_for_orphaned_runs` tells it."""
        run = self.run(**tags)
        said = get_run_crash_explanation(f"Run execution process for {run.run_id}", exit_code)
        self.instance.report_engine_event(said, run)
        self.instance.report_run_failed(run)

    def loses_its_host(self) -> None:
        """As run monitoring tells it."""
        run = self.run()
        health = CheckRunHealthResult(WorkerStatus.FAILED, "the code server that started it is gone")
        self.instance.report_run_failed(
            run, f"Detected run worker status {health}. Marking run {run.run_id} as failed."
        )

    def takes_too_long(self) -> dg.DagsterRun:
        """As run monitoring itself ends it."""
        run = self.run()
        began = DagsterEvent(DagsterEventType.PIPELINE_START.value, run.job_name)
        self.instance.report_dagster_event(began, run.run_id)
        record = self.instance.get_run_record_by_id(run.run_id)
        assert record
        check_run_timeout(self.instance, record, logging.getLogger("monitor"), 1e-9)
        return run

    def never_starts(self) -> None:
        """As run monitoring tells it."""
        reason = JobFailureData(error=None, failure_reason=RunFailureReason.START_TIMEOUT)
        self.instance.report_run_failed(
            self.run(), "Run timed out due to taking longer than 45 seconds to start.", reason
        )

    def is_not_launched(self) -> None:
        """As the daemon's queue of runs tells it where no code server answers."""
        run = self.run()
        said = "Caught an unrecoverable error while dequeuing the run. Marking the run as failed and dropping it"
        self.instance.report_engine_event(said, run)
        self.instance.report_run_failed(run)
