"""Messages of a queue: sent, received, deleted and counted."""

import uuid

import pytest

from resources.aws import AwsUnavailable, aws_errors
from resources.provision import ensure_queue, redrive_policy
from resources.queue import Message, SendRefused, SqsQueue
from tests.aws.queues import new_queue, send
from tests.support import eventually
from tickets_cli.provisioning import RECEIVES

EMPTY = {"waiting": 0, "in flight": 0, "delayed": 0}


def test_a_message_is_received_as_it_was_sent_with_its_count(queue):
    send(queue, "hello \u65e5\u672c")

    (message,) = queue.receive(5)

    assert (message.body, message.received) == ("hello \u65e5\u672c", 1)


def test_an_empty_queue_gives_nothing(queue):
    assert queue.receive() == []
    assert queue.drain(first_wait=0, window=0, limit=100) == []


def test_deleted_messages_are_gone_however_many(queue):
    send(queue, *map(str, range(25)))
    drained: list[Message] = []
    eventually(lambda: drained.extend(queue.drain(first_wait=2, window=0.5, limit=100)) or len(drained) >= 25)

    assert queue.delete(drained) == []
    assert eventually(lambda: queue.depth() == EMPTY)


def test_deleting_nothing_is_no_error(queue):
    assert queue.delete([]) == []


def test_a_message_that_is_not_deleted_comes_again(aws_endpoint):
    queue = new_queue(VisibilityTimeout="0")
    send(queue, "hello")
    (first,) = queue.receive(5)

    (second,) = eventually(lambda: queue.receive(1))

    assert (second.message_id, second.received) == (first.message_id, 2)


def test_a_stale_receipt_is_tolerated(aws_endpoint):
    queue = new_queue(VisibilityTimeout="0")
    send(queue, "hello")
    stale = queue.receive(5)
    fresh = eventually(lambda: queue.receive(1))
    queue.delete(fresh)

    assert set(queue.delete(stale)) <= {stale[0].message_id}


def test_a_receipt_that_sqs_refuses_is_named_and_costs_no_other_message(queue):
    send(queue, "hello")
    (message,) = queue.receive(5)
    bad = Message("m-bad", "no receipt", "", 1)

    assert queue.delete([bad, message]) == ["m-bad"]
    assert eventually(lambda: queue.depth() == EMPTY)


def test_the_depth_counts_messages_that_wait_and_those_in_flight(queue):
    send(queue, "1", "2", "3")
    assert eventually(lambda: queue.depth()["waiting"] == 3)

    received = queue.receive(5)

    assert eventually(lambda: queue.depth()["in flight"] == len(received))
    assert sum(queue.depth().values()) == 3


def test_a_message_that_nobody_deletes_goes_to_the_dead_letters_after_five_receives(aws_endpoint):
    dead_letters = SqsQueue(name=f"dlq-{uuid.uuid4().hex[:8]}")
    arn = ensure_queue(dead_letters.name, {"VisibilityTimeout": "60"})
    queue = new_queue(VisibilityTimeout="0", RedrivePolicy=redrive_policy(arn, RECEIVES))
    send(queue, "poison")
    counts: list[int] = []

    def look() -> list[Message]:
        counts.extend(message.received for message in queue.receive())
        return dead_letters.receive()

    (dead,) = eventually(look)

    assert dead.body == "poison"
    assert counts == [1, 2, 3, 4, 5]


def test_a_queue_that_does_not_exist_is_the_operators_to_set_up(aws_endpoint):
    with pytest.raises(AwsUnavailable, match=f"a queue at {aws_endpoint} is missing.*tickets setup"), aws_errors():
        SqsQueue(name="there-is-no-such-queue").receive()


def test_sent_messages_arrive_whole_however_many(queue):
    bodies = [f"message {n} \u65e5\u672c" for n in range(35)]
    queue.send(bodies)
    drained: list[Message] = []

    eventually(lambda: drained.extend(queue.drain(first_wait=2, window=0.5, limit=100)) or len(drained) >= 35)

    assert sorted(message.body for message in drained) == sorted(bodies)


def test_sending_nothing_is_no_error(queue):
    queue.send([])

    assert queue.depth() == EMPTY


def test_messages_that_together_are_too_large_for_one_call_are_sent_in_several(queue, monkeypatch):
    sizes: list[int] = []
    groups = SqsQueue._send_group
    monkeypatch.setattr(
        SqsQueue, "_send_group", lambda q, group: sizes.append(sum(map(len, group.values()))) or groups(q, group)
    )

    queue.send(["x" * 100_000] * 5 + ["x" * 300_000])

    assert sorted(sizes) == [100_000, 200_000, 200_000, 300_000]
    assert eventually(lambda: queue.depth()["waiting"] == 6)


def test_messages_that_sqs_refuses_are_counted_and_named_and_cost_no_other(queue):
    with pytest.raises(SendRefused, match=f"refused 2 of 13 messages to {queue.name}") as caught:
        queue.send(["fine"] * 11 + ["not\x00fine", "nor\x01this"])

    assert caught.value.refused.keys() == {11, 12}
    assert eventually(lambda: queue.depth()["waiting"] == 11)


def test_a_message_carries_what_sqs_tells_of_its_receives(queue):
    queue.send(["hello"])

    (message,) = queue.receive(5)

    assert message.attributes["ApproximateReceiveCount"] == "1"
    assert int(message.attributes["SentTimestamp"]) <= int(message.attributes["ApproximateFirstReceiveTimestamp"])
