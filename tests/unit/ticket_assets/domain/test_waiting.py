"""How long the oldest ticket waits: nothing waits, a quiet queue, a backlog, a sensor that is down."""

import pytest

from ticket_assets.domain.batches import landed_at
from ticket_assets.domain.waiting import Seen, oldest_waiting

OLD, NEW = "20261123T112005Z-3f9a1c02", "20261123T112505Z-00000000"
NOW = landed_at(OLD) + 600


def test_nothing_waits_where_queue_and_batches_are_empty_however_long_ago_the_last_ticket_came():
    assert oldest_waiting(Seen(0, [], emptied=1.0, received=1.0), NOW) == (0, "nothing")


def test_a_message_after_a_quiet_night_waits_since_the_queue_was_last_seen_empty():
    seen = Seen(1, [], emptied=NOW - 20, received=NOW - 30_000)
    assert oldest_waiting(seen, NOW) == (20, "queue")


def test_in_a_backlog_the_next_ticket_is_as_old_as_the_newest_that_was_received():
    seen = Seen(5_000, [], emptied=NOW - 9_000, received=NOW - 3_600)
    assert oldest_waiting(seen, NOW) == (3_600, "queue")


def test_while_the_sensor_is_down_the_age_grows_from_its_last_look():
    ages = [oldest_waiting(Seen(1, [], emptied=NOW, received=NOW - 50), NOW + after).seconds for after in (60, 7_200)]
    assert ages == [60, 7_200]


def test_before_anything_was_received_the_first_ticket_tells():
    assert oldest_waiting(Seen(3, [], first=NOW - 90), NOW) == (90, "queue")
    assert oldest_waiting(Seen(3, []), NOW) == (0, "queue")


def test_a_batch_waits_since_it_was_landed_and_the_oldest_of_all_is_told():
    assert oldest_waiting(Seen(0, [NEW, OLD]), NOW) == (600, f"batch {OLD}")
    assert oldest_waiting(Seen(1, [NEW], emptied=NOW - 900), NOW) == (900, "queue")


@pytest.mark.parametrize("when", [NOW + 5, NOW])
def test_a_clock_that_is_behind_makes_no_negative_age(when):
    assert oldest_waiting(Seen(1, [OLD], emptied=when), NOW - 600).seconds == 0
