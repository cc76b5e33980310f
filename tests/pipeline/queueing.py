"""The queue sensor over a pipeline, evaluated as the daemon would."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer

import dagster as dg
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin

from resources.aws import client
from resources.queue import SqsQueue
from sensors.ticket_queue_sensor import build_ticket_queue_sensor
from tests.fakes import fake_suite
from tests.pipeline.conftest import Pipeline
from tests.support import tick_of
from ticket_assets.assets.policy import BATCHES
from ticket_assets.definitions import build_definitions
from ticket_assets.jobs import enrich_tickets


class Queue:
    """A pipeline with its sensor, evaluated as the daemon would."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.instance = pipeline.instance
        self.queue = SqsQueue(name=pipeline.settings.queue)
        self.queue.delete(self.queue.drain(1, 0, 100))  # S3's test event
        self.definitions = build_definitions({"models": fake_suite()}, pipeline.settings)
        self.set()

    def set(self, **changed: object) -> None:
        """The sensor with some settings changed."""
        settings = self.pipeline.settings.model_copy(update=changed)
        self.sensor = build_ticket_queue_sensor(enrich_tickets, settings)

    def tick(self):
        return tick_of(self.sensor, self.instance, self.definitions, self.pipeline.stores)

    def send(self, body: object) -> None:
        text = body if isinstance(body, str) else json.dumps(body)
        client("sqs").send_message(QueueUrl=self.queue.url, MessageBody=text)

    @property
    def tags(self) -> dict[str, str]:
        """The tags with which the sensor requests runs."""
        return {"dagster/priority": "10"}

    def requested(self) -> list[str]:
        return [str(request.partition_key) for request in self.tick().run_requests or []]

    def run(self, batch: str) -> dg.ExecuteInProcessResult:
        """Run the job for a requested batch, as the daemon does: with the run key as a tag."""
        self.instance.add_dynamic_partitions(BATCHES.name, [batch])
        job = self.definitions.resolve_job_def("enrich_tickets")
        return job.execute_in_process(partition_key=batch, tags={"dagster/run_key": batch}, instance=self.instance)

    def waiting(self) -> int:
        return sum(self.queue.depth().values())

    def sizes(self, batches: list[str]) -> list[int]:
        """How many tickets each batch has."""
        return [len(self.pipeline.batches.manifest(batch).keys) for batch in batches]

    @contextmanager
    def later(self, seconds: float, ticket_id: str) -> Iterator[None]:
        """While the block goes on, the ticket is put after so many seconds."""
        timer = Timer(seconds, self.pipeline.put, [ticket_id])
        timer.start()
        yield
        timer.cancel()
        timer.join()


def queue_run(
    queue: Queue, batch: str, status: dg.DagsterRunStatus = dg.DagsterRunStatus.QUEUED, /, **tags: str
) -> None:
    """A run of the batch with this status, in the instance's books alone."""
    job = queue.definitions.resolve_job_def("enrich_tickets")
    repository = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("tickets"), "__repository__")
    queue.instance.create_run_for_job(
        job,
        status=status,
        remote_job_origin=RemoteJobOrigin(repository, job.name),
        tags={"dagster/partition": batch, **tags},
    )
