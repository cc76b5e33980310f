"""The queue sensor over a real queue and a real instance: nothing is lost, whatever dies between its steps."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

import dagster as dg
import pytest
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin

from resources.aws import AwsUnavailable, client
from resources.queue import SqsQueue
from sensors import planning
from sensors.stopping import announce, withdraw
from sensors.ticket_queue_sensor import build_ticket_queue_sensor
from tests.fakes import fake_suite
from tests.pipeline.conftest import Pipeline
from ticket_assets.assets.policy import BATCHES
from ticket_assets.definitions import build_definitions
from ticket_assets.jobs import enrich_tickets
from tickets_cli.processes import free_port


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
        with dg.SensorEvaluationContext(
            instance_ref=self.instance.get_ref(),
            last_tick_completion_time=None,
            last_run_key=None,
            cursor=None,
            repository_name=None,
            repository_def=self.definitions.get_repository_def(),
            resources={name: self.pipeline.stores[name] for name in self.sensor.required_resource_keys},
        ) as context:
            return self.sensor.evaluate_tick(context)

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


TWO_RUNS = {"module": "dagster.core.run_coordinator", "class": "QueuedRunCoordinator"}


@pytest.fixture
def queue(settings, empty_home, tmp_path):
    coordinator = {**TWO_RUNS, "config": {"max_concurrent_runs": 2}}
    shutil.copytree(empty_home, tmp_path, dirs_exist_ok=True)
    with dg.DagsterInstance.local_temp(str(tmp_path), overrides={"run_coordinator": coordinator}) as instance:
        yield Queue(Pipeline(settings, instance))


def test_tickets_become_one_batch_with_one_run_and_the_messages_are_gone(queue):
    keys = {queue.pipeline.put(f"t{n}") for n in range(60)}
    tick = queue.tick()
    (request,) = tick.run_requests
    assert request.run_key == request.partition_key
    assert queue.tags.items() <= request.tags.items()
    assert set(queue.pipeline.batches.manifest(request.partition_key).keys) == keys
    (added,) = tick.dynamic_partitions_requests
    assert added.partition_keys == [request.partition_key]
    assert queue.waiting() == 0


def test_a_quiet_queue_is_skipped(queue):
    queue.set(batch_window_seconds=20)  # leaves two seconds of the tick to wait for a first message
    tick = queue.tick()
    assert not tick.run_requests
    assert tick.skip_message == "no new tickets"


def test_a_batch_is_requested_again_until_its_run_is_past_its_start(queue):
    queue.pipeline.put("t1")
    (batch,) = queue.requested()
    assert queue.requested() == [batch]
    assert queue.run(batch).success
    assert queue.requested() == []
    assert queue.pipeline.batches.pending() == []


def test_a_batch_whose_partition_was_added_but_whose_run_was_lost_is_requested_again(queue):
    batch = queue.pipeline.land("t1.json")
    assert batch in queue.instance.get_dynamic_partitions(BATCHES.name)
    assert queue.requested() == [batch]


def test_a_run_that_was_only_created_does_not_clear_its_marker(queue):
    batch = queue.pipeline.land("t1.json")
    job = queue.definitions.resolve_job_def("enrich_tickets")
    queue.instance.create_run_for_job(job, tags={"dagster/run_key": batch})
    assert queue.requested() == [batch]
    assert queue.pipeline.batches.pending() == [batch]


def test_messages_stay_in_the_queue_when_landing_fails(queue):
    queue.pipeline.put("t1")
    client("s3").delete_bucket(Bucket=queue.pipeline.settings.pipeline_bucket)
    with pytest.raises(Exception, match="run `tickets setup`"):
        queue.tick()
    assert queue.waiting() == 1


def test_a_tick_that_is_told_of_a_stop_leaves_messages_where_they_are_and_requests_what_was_landed(queue):
    landed = queue.pipeline.land(queue.pipeline.put("t1"))
    before = queue.queue.depth()
    announce(Path(queue.instance.root_directory))

    assert queue.requested() == [landed]

    assert queue.queue.depth() == before
    withdraw(Path(queue.instance.root_directory))
    assert len(queue.requested()) == 2


def test_a_stop_that_was_announced_long_ago_and_never_ended_holds_nothing_up(queue):
    announce(home := Path(queue.instance.root_directory))
    os.utime(home / "stopping", (0, 0))
    queue.pipeline.put("t1")

    assert len(queue.requested()) == 1


def test_messages_wait_while_too_many_batches_do(queue):
    queue.set(max_pending_batches=2)
    landed = [queue.pipeline.land(queue.pipeline.put(f"t{n}")) for n in range(2)]
    before = queue.waiting()
    assert sorted(queue.requested()) == sorted(landed)
    assert queue.waiting() == before > 0


def test_more_than_a_batch_holds_becomes_several(queue):
    queue.set(batch_size=20)
    for n in range(45):
        queue.pipeline.put(f"t{n}")
    batches = queue.requested()
    assert queue.sizes(batches) == [15, 15, 15]


def test_after_a_quiet_spell_the_first_tickets_do_not_wait_for_the_window(queue):
    queue.set(batch_window_seconds=20)
    key = queue.pipeline.put("first")
    with queue.later(5, "another"):
        (batch,) = queue.requested()
    assert queue.pipeline.batches.manifest(batch).keys == [key]


def test_tickets_that_trickle_in_become_a_batch_a_window(queue):
    queue.set(batch_window_seconds=3)
    last = queue.pipeline.land("t0.json")
    queue.pipeline.batches.clear_pending(last)
    queue.pipeline.put("t1")
    with queue.later(1.5, "t2"):
        (batch,) = queue.requested()
    assert queue.pipeline.batches.manifest(batch).keys == ["t1.json", "t2.json"]


def test_a_full_batch_is_landed_at_once_though_the_last_one_is_young(queue):
    queue.set(batch_window_seconds=20, batch_size=3)
    queue.pipeline.batches.clear_pending(queue.pipeline.land("t0.json"))
    for n in range(3):
        queue.pipeline.put(f"t{n}")
    with queue.later(6, "another"):
        assert queue.sizes(queue.requested()) == [3]


def test_while_runs_wait_for_a_slot_only_full_batches_are_made(queue):
    queue.set(batch_size=3)
    landed = [queue.pipeline.land(f"old{n}.json") for n in range(2)]
    for n in range(2):
        queue.pipeline.put(f"t{n}")
    assert sorted(queue.requested()) == sorted(landed)
    assert queue.waiting() == 2

    for n in range(2, 4):
        queue.pipeline.put(f"t{n}")
    assert sorted(queue.sizes(queue.requested())) == [1, 1, 3]
    assert queue.waiting() == 1


def test_a_batch_whose_run_has_started_holds_nothing_back(queue):
    queue.set(max_pending_batches=1)
    landed = queue.pipeline.land("t0.json")
    queue_run(queue, landed, dg.DagsterRunStatus.STARTED, **{"dagster/run_key": landed})
    queue.pipeline.put("t1")
    assert queue.sizes(queue.requested()) == [1]


def test_tickets_are_shared_out_over_free_slots_where_each_part_is_worth_a_run(queue, monkeypatch):
    monkeypatch.setattr(planning, "WORTH_A_RUN", 3)
    for n in range(6):
        queue.pipeline.put(f"t{n}")
    batches = queue.requested()
    assert queue.sizes(batches) == [3, 3]

    for batch in batches:
        queue_run(queue, batch, dg.DagsterRunStatus.STARTED, **{"dagster/run_key": batch})
    for n in range(6):
        queue.pipeline.put(f"s{n}")
    assert queue.sizes(queue.requested()) == [6]


def test_one_ticket_told_five_times_is_in_its_batch_once(queue):
    for _ in range(5):
        queue.send({"bucket": queue.pipeline.settings.raw_bucket, "key": "t1.json"})
    (batch,) = queue.requested()
    assert queue.pipeline.batches.manifest(batch).keys == ["t1.json"]


def test_keys_with_spaces_and_unicode_arrive_as_they_are(queue):
    queue.pipeline.raw.put("a b+\u00e9.json", b"{}")
    (batch,) = queue.requested()
    assert queue.pipeline.batches.manifest(batch).keys == ["a b+\u00e9.json"]


def test_what_cannot_be_read_is_kept_in_quarantine(queue):
    for body in ("no json", '{"bucket": "another", "key": "a.json"}'):
        queue.send(body)
    assert queue.requested() == []
    kept = {entry.body: entry.errors[0].message for entry in queue.pipeline.quarantine.messages()}
    assert "not JSON" in kept["no json"]
    assert "'another'" in kept['{"bucket": "another", "key": "a.json"}']
    assert queue.waiting() == 0


def test_a_server_that_is_down_is_a_failed_tick_with_one_line_that_names_it(queue, monkeypatch):
    dead = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", dead)
    with pytest.raises(Exception, match="cannot reach") as failure:
        queue.tick()
    cause = failure.value.__cause__ or failure.value
    assert isinstance(cause, AwsUnavailable)
    assert dead in str(cause)
    assert "\n" not in str(cause)


def test_when_the_server_is_back_the_tick_goes_on(queue, monkeypatch):
    queue.pipeline.put("t1")
    with monkeypatch.context() as broken:
        broken.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
        with pytest.raises(Exception, match="cannot reach"):
            queue.tick()
    assert len(queue.requested()) == 1


def queue_run(
    queue: Queue, batch: str, status: dg.DagsterRunStatus = dg.DagsterRunStatus.QUEUED, /, **tags: str
) -> None:
    job = queue.definitions.resolve_job_def("enrich_tickets")
    repository = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("tickets"), "__repository__")
    queue.instance.create_run_for_job(
        job,
        status=status,
        remote_job_origin=RemoteJobOrigin(repository, job.name),
        tags={"dagster/partition": batch, **tags},
    )


def test_queued_runs_of_new_tickets_hold_messages_back_and_those_of_a_backfill_do_not(queue):
    queue.set(max_pending_batches=2)
    for n in range(5):
        queue_run(queue, f"old{n}", **{"dagster/backfill": "b"})
    queue.pipeline.put("t1")
    (batch,) = queue.requested()
    queue.pipeline.batches.clear_pending(batch)
    queue.pipeline.put("t2")
    for name in ("new1", "new2"):
        queue_run(queue, name, **queue.tags)
    assert "2 queued" in queue.tick().skip_message
    assert queue.waiting() == 1
