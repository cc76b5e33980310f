"""A queue drained: how much of it is taken, and when the waiting for more ends."""

import pytest

from resources.queue import GROUP, POLLERS, Message
from tests.aws.queues import send
from tests.support import eventually


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


def test_a_wait_for_the_first_message_ends_when_the_caller_has_enough(queue):
    assert queue.drain(3600, 1, 10, enough=lambda: True) == []


def test_what_was_received_when_the_caller_has_enough_is_handed_over_at_once(queue):
    send(queue, "a")
    asked = iter([False])

    (message,) = queue.drain(20, 3600, 10, enough=lambda: next(asked, True))

    assert message.body == "a"
