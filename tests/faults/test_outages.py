"""Throttles, outages and refusals of AWS: waited out where they pass, said in one line where they do not; no loss."""

import json

import pytest

from resources import patience
from resources.aws import AwsThrottled, AwsUnavailable, AwsUnreachable, client
from tests.faults.books import assert_books_balance, finish, warnings
from tests.faults.proxy import DOWN, EXPIRED, EXPIRED_JSON, SLOW_DOWN, SQS_THROTTLED, THROTTLED, Answer
from tests.support import eventually
from ticket_assets.assets.policy import BATCHES
from tickets_cli.provisioning import RECEIVES


def put(queue, count: int = 3) -> None:
    for n in range(count):
        queue.pipeline.put(f"t{n}")


def test_a_run_waits_until_throttles_pass_says_what_it_waits_for_and_reads_again_what_breaks_off(queue, proxy):
    put(queue, 1)
    (batch,) = queue.requested()
    proxy.fail("s3.GET raw", Answer("InternalError", 500), times=6)  # two more than botocore's own tries
    proxy.cut("s3.GET raw", times=1)
    proxy.fail("s3.PUT enriched", SLOW_DOWN, times=6)
    proxy.fail("dynamodb.PutItem", THROTTLED, times=6)

    result = queue.run(batch)

    assert result.success
    broken = {operation[:9]: times for operation, times in proxy.broken.items()}
    assert broken == {"s3.GET ra": 7, "s3.PUT en": 6, "dynamodb.": 6}
    waits = [line for line in warnings(queue.instance, result.run_id) if line.startswith("waiting: ")]
    assert all(proxy.url in line for line in waits)
    assert all(any(name in line for line in waits) for name in ("GetObject", "PutObject", "PutItem")), waits
    assert list(queue.pipeline.quarantine.entries()) == []
    finish(queue)
    assert_books_balance(queue.pipeline)


def test_what_lasts_too_long_fails_the_run_in_one_line_and_the_next_run_loses_nothing(queue, proxy, monkeypatch):
    monkeypatch.setattr(patience, "OUTAGE_SECONDS", 1.0)
    put(queue)
    (batch,) = queue.requested()
    queue.instance.add_dynamic_partitions(BATCHES.name, [batch])
    throttles = "throttles PutItem (ProvisionedThroughputExceededException)"
    for answer, kind, words in ((THROTTLED, AwsThrottled, throttles), (DOWN, AwsUnreachable, "cannot reach")):
        proxy.fail("dynamodb.PutItem", answer)

        with pytest.raises(kind) as failure:
            queue.pipeline.run(batch)

        assert words in str(failure.value)
        assert proxy.url in str(failure.value)
        assert "\n" not in str(failure.value)
        proxy.mend()
    finish(queue)
    assert_books_balance(queue.pipeline)


def test_expired_credentials_fail_the_run_at_once_and_say_log_in_again(queue, proxy):
    put(queue)
    (batch,) = queue.requested()
    queue.instance.add_dynamic_partitions(BATCHES.name, [batch])
    for operation, answer in (
        ("s3.GET raw", EXPIRED),
        ("s3.PUT enriched", EXPIRED),
        ("dynamodb.PutItem", EXPIRED_JSON),
    ):
        proxy.forget()
        proxy.fail(operation, answer)

        with pytest.raises(AwsUnavailable, match="log in again"):
            queue.pipeline.run(batch)

        assert 1 <= sum(proxy.broken.values()) <= 3  # one a ticket, none twice
        assert list(queue.pipeline.quarantine.entries()) == []
    proxy.mend()
    finish(queue)
    assert_books_balance(queue.pipeline)


REFUSED = [
    ("sqs.ReceiveMessage queue", SQS_THROTTLED, "throttles ReceiveMessage"),
    ("s3.GET pipeline", EXPIRED, "log in again"),
    ("s3.PUT pipeline", SLOW_DOWN, "throttles PutObject"),
    ("s3.PUT .*/batches/2", EXPIRED, "log in again"),  # a manifest, without which there must be no marker
    ("sqs.DeleteMessageBatch", SQS_THROTTLED, "throttles DeleteMessageBatch"),
]


def test_a_tick_that_aws_refuses_is_one_line_and_its_tickets_come_again(queue, proxy):
    shorten_visibility(queue)
    put(queue)
    for operation, answer, words in REFUSED:
        queue.set()  # a sensor that remembers no failed landing
        assert eventually(lambda: queue.queue.depth()["waiting"] == 3), operation
        assert queue.pipeline.batches.pending() == []
        proxy.fail(operation, answer)

        with pytest.raises(AwsUnavailable) as failure:
            queue.tick()

        assert words in str(failure.value)
        assert "\n" not in str(failure.value)
        proxy.mend()
    assert len(queue.pipeline.batches.pending()) == 1
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
