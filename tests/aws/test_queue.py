import uuid
from contextlib import suppress

import pytest

from resources.aws import AwsUnavailable, aws_errors, client
from resources.provision import ensure_queue, redrive_policy
from resources.queue import GROUP, POLLERS, Message, SendRefused, SqsQueue
from sensors.events import NothingCreated, created_objects
from tests.support import eventually, store
from tickets_cli.provisioning import RECEIVES

EMPTY = {"waiting": 0, "in flight": 0, "delayed": 0}


def new_queue(**attributes: str) -> SqsQueue:
    name = f"own-{uuid.uuid4().hex[:8]}"
    ensure_queue(name, attributes)
    return SqsQueue(name=name)


def send(queue: SqsQueue, *bodies: str) -> None:
    for start in range(0, len(bodies), 10):
        entries = [{"Id": str(n), "MessageBody": body} for n, body in enumerate(bodies[start : start + 10])]
        client("sqs").send_message_batch(QueueUrl=queue.url, Entries=entries)


@pytest.fixture
def queue(aws_endpoint):
    """An empty queue of its own, whose messages stay invisible once received."""
    return new_queue(VisibilityTimeout="60")


def events_until(settings, last: str) -> list[tuple[str, str]]:
    """The objects that the settings' queue names, up to one with the key `last`."""
    seen: list[tuple[str, str]] = []

    def look() -> bool:
        messages = SqsQueue(name=settings.queue).receive(1)
        for message in messages:
            with suppress(NothingCreated):
                seen.extend(created_objects(message.body))
        return any(key == last for _, key in seen)

    assert eventually(look), f"no event of {last} among {seen}"
    return seen


@pytest.mark.parametrize("key", ["T-1.json", "a b+c%.json", "x/caf\u00e9 \u65e5\u672c\U0001f600.json"])
def test_a_created_json_object_is_told_to_the_queue_by_its_own_key(settings, key):
    store(settings.raw_bucket).put(key, b"{}")

    assert events_until(settings, key) == [(settings.raw_bucket, key)]


def test_only_json_keys_are_told(settings):
    raw = store(settings.raw_bucket)
    for key in ("notes.txt", "T-1.json.bak", "json", "last.json"):
        raw.put(key, b"{}")

    assert events_until(settings, "last.json") == [(settings.raw_bucket, "last.json")]


def test_a_removed_object_is_not_told(settings):
    raw = store(settings.raw_bucket)
    raw.put("T-1.json", b"{}")
    raw.delete("T-1.json")
    raw.put("last.json", b"{}")

    assert sorted(events_until(settings, "last.json")) == [
        (settings.raw_bucket, "T-1.json"),
        (settings.raw_bucket, "last.json"),
    ]


def test_objects_of_the_other_buckets_are_not_told(settings):
    store(settings.enriched_bucket).put("T-1.json", b"{}")
    store(settings.pipeline_bucket).put("T-1.json", b"{}")
    store(settings.raw_bucket).put("last.json", b"{}")

    assert events_until(settings, "last.json") == [(settings.raw_bucket, "last.json")]


def test_a_message_is_received_as_it_was_sent_with_its_count(queue):
    send(queue, "hello \u65e5\u672c")

    (message,) = queue.receive(5)

    assert (message.body, message.received) == ("hello \u65e5\u672c", 1)


def test_an_empty_queue_gives_nothing(queue):
    assert queue.receive() == []
    assert queue.drain(first_wait=0, window=0, limit=100) == []


def test_draining_gathers_all_of_a_backlog(queue):
    bodies = [f"message {n}" for n in range(35)]
    send(queue, *bodies)
    drained: list[Message] = []

    # SQS may keep some back for a moment, so a second window may be needed.
    eventually(lambda: drained.extend(queue.drain(first_wait=2, window=0.5, limit=100)) or len(drained) >= 35)

    assert sorted(message.body for message in drained) == sorted(bodies)


@pytest.mark.parametrize("limit", [1, 12, 33])
def test_draining_takes_no_more_than_its_limit(queue, limit):
    send(queue, *map(str, range(35)))

    assert len(queue.drain(first_wait=5, window=60, limit=limit, settled=lambda _: False)) == limit


def test_a_backlog_that_keeps_a_slow_queue_busy_is_taken_in_part(queue, monkeypatch):
    send(queue, *map(str, range(300)))
    monkeypatch.setattr("resources.queue.BUSY", 0.001)

    # The first poll, and one round of all pollers: by then the queue was busy for longer.
    assert len(queue.drain(first_wait=5, window=60, limit=300, settled=lambda _: False)) == GROUP + POLLERS * GROUP


def test_a_quiet_moment_ends_the_gathering_where_that_is_settled(queue):
    send(queue, *map(str, range(12)))
    asked: list[int] = []

    drained = queue.drain(
        first_wait=5, window=3600, limit=100, settled=lambda count: asked.append(count) or count == 12
    )

    assert len(drained) == 12
    assert asked[-1] == 12


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


def test_a_wait_for_the_first_message_ends_when_the_caller_has_enough(queue):
    assert queue.drain(3600, 1, 10, enough=lambda: True) == []


def test_what_was_received_when_the_caller_has_enough_is_handed_over_at_once(queue):
    send(queue, "a")
    asked = iter([False])

    (message,) = queue.drain(20, 3600, 10, enough=lambda: next(asked, True))

    assert message.body == "a"
