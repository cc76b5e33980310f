"""The queue sensor over a real queue and a real instance: nothing is lost, whatever dies between its steps."""

import os
from pathlib import Path

import pytest

from resources.aws import AwsUnavailable, client
from sensors.stopping import announce, withdraw
from tests.support import unplugged
from ticket_assets.assets.policy import BATCHES
from tickets_cli.processes import free_port


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


def test_when_the_server_is_back_the_tick_goes_on(queue):
    queue.pipeline.put("t1")
    with unplugged(), pytest.raises(Exception, match="cannot reach"):
        queue.tick()
    assert len(queue.requested()) == 1
