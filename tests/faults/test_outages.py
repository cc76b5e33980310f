"""Throttles, outages and refusals of AWS: waited out where they pass, said in one line where they do not; no loss."""

import json

import dagster as dg
import pytest

from resources import patience
from resources.aws import AwsThrottled, AwsUnavailable, AwsUnreachable, client
from tests.faults.books import assert_books_balance, finish
from tests.faults.proxy import DOWN, EXPIRED, EXPIRED_JSON, SLOW_DOWN, SQS_THROTTLED, THROTTLED, Answer
from tests.support import eventually
from ticket_assets.assets.policy import BATCHES
from tickets_cli.provisioning import RECEIVES


def warnings(instance: dg.DagsterInstance, run_id: str) -> list[str]:
    return [entry.user_message for entry in instance.all_logs(run_id) if entry.level == 30]


def put(queue, count: int = 3) -> None:
    for n in range(count):
        queue.pipeline.put(f"t{n}")


@pytest.mark.parametrize(
    ("operation", "answer"),
    [
        ("dynamodb.PutItem", THROTTLED),
        ("s3.PUT enriched", SLOW_DOWN),
        ("s3.GET raw", Answer("InternalError", 500)),
    ],
)
def test_a_run_waits_until_a_throttle_passes_and_says_what_it_waits_for(queue, proxy, operation, answer):
    put(queue, 1)
    (batch,) = queue.requested()
    proxy.fail(operation, answer, times=6)  # two more than botocore's own tries

    result = queue.run(batch)

    assert result.success
    assert sum(proxy.broken.values()) == 6
    said = warnings(queue.instance, result.run_id)
    assert [line for line in said if proxy.url in line and line.startswith("waiting: ")], said
    finish(queue)
    assert_books_balance(queue.pipeline)


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (THROTTLED, AwsThrottled, "throttles PutItem (ProvisionedThroughputExceededException)"),
        (DOWN, AwsUnreachable, "cannot reach"),
    ],
)
def test_what_lasts_too_long_fails_the_run_in_one_line_and_the_next_run_loses_nothing(
    queue, proxy, monkeypatch, answer, kind, words
):
    monkeypatch.setattr(patience, "OUTAGE_SECONDS", 1.0)
    put(queue)
    (batch,) = queue.requested()
    queue.instance.add_dynamic_partitions(BATCHES.name, [batch])
    proxy.fail("dynamodb.PutItem", answer)

    with pytest.raises(kind) as failure:
        queue.pipeline.run(batch)

    assert words in str(failure.value)
    assert proxy.url in str(failure.value)
    assert "\n" not in str(failure.value)
    proxy.mend()
    finish(queue)
    assert_books_balance(queue.pipeline)


@pytest.mark.parametrize(
    ("operation", "answer"),
    [
        ("s3.GET raw", EXPIRED),
        ("s3.PUT enriched", EXPIRED),
        ("dynamodb.PutItem", EXPIRED_JSON),
    ],
)
def test_expired_credentials_fail_the_run_at_once_and_say_log_in_again(queue, proxy, operation, answer):
    put(queue)
    (batch,) = queue.requested()
    queue.instance.add_dynamic_partitions(BATCHES.name, [batch])
    proxy.fail(operation, answer)

    with pytest.raises(AwsUnavailable, match="log in again"):
        queue.pipeline.run(batch)

    assert sum(proxy.broken.values()) <= 3  # one a ticket, none twice
    assert list(queue.pipeline.quarantine.entries()) == []
    proxy.mend()
    finish(queue)
    assert_books_balance(queue.pipeline)


@pytest.mark.parametrize(
    ("operation", "answer", "words"),
    [
        ("sqs.ReceiveMessage queue", SQS_THROTTLED, "throttles ReceiveMessage"),
        ("sqs.DeleteMessageBatch", SQS_THROTTLED, "throttles DeleteMessageBatch"),
        ("s3.PUT pipeline", SLOW_DOWN, "throttles PutObject"),
        ("s3.GET pipeline", EXPIRED, "log in again"),
    ],
)
def test_a_tick_that_aws_refuses_is_one_line_and_its_tickets_come_again(queue, proxy, operation, answer, words):
    shorten_visibility(queue)
    put(queue)
    proxy.fail(operation, answer)

    with pytest.raises(AwsUnavailable) as failure:
        queue.tick()

    assert words in str(failure.value)
    assert "\n" not in str(failure.value)
    proxy.mend()
    finish(queue)
    assert_books_balance(queue.pipeline)


def shorten_visibility(queue) -> None:
    """So that messages come again soon, but not within the tick that received them, which may be slow."""
    client("sqs").set_queue_attributes(QueueUrl=queue.queue.url, Attributes={"VisibilityTimeout": "5"})


def test_while_nothing_can_be_landed_no_message_is_used_up(queue, proxy):
    shorten_visibility(queue)
    put(queue)
    assert eventually(lambda: queue.queue.depth()["waiting"] == 3)
    proxy.fail("s3.PUT pipeline", EXPIRED)  # the one refusal that costs no time

    for _ in range(2 * RECEIVES):
        assert eventually(lambda: queue.queue.depth()["waiting"])
        with pytest.raises(AwsUnavailable):
            queue.tick()

    proxy.mend()
    found = eventually(queue.queue.everything)
    assert {message.received for message in found} <= {1, 2}
    finish(queue)
    assert list(queue.pipeline.quarantine.entries()) == []
    assert_books_balance(queue.pipeline)


def test_a_landing_that_breaks_off_leaves_no_marker_without_its_manifest(queue, proxy):
    shorten_visibility(queue)
    put(queue, 1)
    proxy.fail("s3.PUT .*/batches/2", EXPIRED)

    with pytest.raises(AwsUnavailable):
        queue.tick()

    assert queue.pipeline.batches.pending() == []
    proxy.mend()
    finish(queue)
    assert_books_balance(queue.pipeline)


def test_messages_that_were_received_before_a_throttle_are_landed(queue, proxy):
    put(queue, 12)
    queue.set(batch_window_seconds=5)

    def once_then_throttled(request, ask):
        proxy.fail("sqs.ReceiveMessage queue", SQS_THROTTLED)
        return ask(request)

    proxy.fail("sqs.ReceiveMessage queue", once_then_throttled, times=1)

    (batch,) = queue.requested()

    assert len(queue.pipeline.batches.manifest(batch).keys) == 10
    assert queue.waiting() == 2
    proxy.mend()
    assert queue.run(batch).success
    finish(queue)
    assert_books_balance(queue.pipeline)


def test_messages_that_sqs_fails_to_delete_come_again_and_cost_nothing_but_work(queue, proxy):
    shorten_visibility(queue)
    put(queue, 4)

    def all_but_one(request, ask):
        asked = json.loads(request)
        kept = asked["Entries"].pop()
        answer = json.loads(ask(json.dumps(asked).encode()))
        failed = {"Id": kept["Id"], "Code": "InternalError", "SenderFault": False}
        return json.dumps({**answer, "Failed": [failed]}).encode()

    proxy.fail("sqs.DeleteMessageBatch", all_but_one, times=1)

    (batch,) = queue.requested()

    assert len(queue.pipeline.batches.manifest(batch).keys) == 4
    assert queue.waiting() == 1
    assert queue.run(batch).success
    finish(queue)
    assert_books_balance(queue.pipeline)


def test_an_object_whose_bytes_break_off_is_read_again(queue, proxy):
    put(queue, 1)
    (batch,) = queue.requested()
    proxy.cut("s3.GET raw", times=1)

    assert queue.run(batch).success

    assert proxy.broken
    assert list(queue.pipeline.quarantine.entries()) == []
    finish(queue)
    assert_books_balance(queue.pipeline)
