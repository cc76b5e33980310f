import json
import math
from datetime import UTC, datetime
from typing import NamedTuple

import pytest

from sensors.planning import MOST_MESSAGES, batched, idle_seconds, intake, is_settled, requests, room


class Message(NamedTuple):
    message_id: str
    body: str


def about(message_id: str, *keys: str, bucket: str = "tickets-raw", name: str = "ObjectCreated:Put") -> Message:
    records = [{"eventName": name, "s3": {"bucket": {"name": bucket}, "object": {"key": key}}} for key in keys]
    return Message(message_id, json.dumps({"Records": records}))


def test_the_keys_of_all_messages_are_taken_in_once_and_in_order():
    found = intake([about("1", "b.json", "a.json"), about("2", "a.json", "c.json")], "tickets-raw")

    assert found == (["b.json", "a.json", "c.json"], {}, {})


def test_a_bad_message_is_named_with_its_fault_and_costs_no_other_message():
    found = intake([Message("1", "hello"), about("2", "a.json")], "tickets-raw")

    assert found.keys == ["a.json"]
    assert list(found.bad) == ["1"]
    assert "not JSON" in found.bad["1"]


def test_a_message_about_another_bucket_is_a_bad_one():
    found = intake([about("1", "a.json", bucket="holiday-photos")], "tickets-raw")

    assert found.keys == []
    assert "holiday-photos" in found.bad["1"]


def test_a_strange_record_is_named_and_costs_the_others_of_its_message_nothing():
    body = json.loads(about("1", "a.json", "b.json").body)
    body["Records"][1:1] = [
        {"eventName": "ObjectCreated:Put"},
        json.loads(about("", "x", bucket="else").body)["Records"][0],
    ]
    found = intake([Message("1", json.dumps(body))], "tickets-raw")

    assert found.keys == ["a.json", "b.json"]
    assert list(found.bad) == ["1"]


def test_a_removal_is_neither_taken_in_nor_bad():
    found = intake([about("1", "a.json", name="ObjectRemoved:Delete")], "tickets-raw")

    assert found == ([], {}, {"an event of something else than an object's creation": 1})


def test_no_messages_give_nothing_to_do():
    assert intake([], "tickets-raw") == ([], {}, {})


def test_every_pending_batch_without_a_run_past_its_start_is_requested_oldest_first():
    assert requests(["b-1", "b-2", "b-3"], {"b-2"}) == (["b-1", "b-3"], ["b-2"])


def test_a_run_of_a_batch_that_is_no_longer_pending_changes_nothing():
    assert requests(["b-1"], {"b-0"}) == (["b-1"], [])


def waiting(count: int) -> dict[str, int]:
    return {"pending": count, "queued": 0}


def test_what_is_received_at_a_time_fills_batches():
    assert room(waiting(0), most=8, slots=2, size=256, backlog=0) == (7 * 256, "")
    assert room(waiting(0), most=8, slots=2, size=1, backlog=0) == (MOST_MESSAGES, "")


def test_messages_wait_once_as_many_batches_wait_as_may():
    messages, reason = room({"pending": 3, "queued": 5}, most=8, slots=20, size=256, backlog=10_000)

    assert messages == 0
    assert all(part in reason for part in ("3 pending", "5 queued", "8 batches"))


def test_the_most_that_may_wait_holds_also_where_it_is_less_than_the_runs_at_a_time():
    assert room(waiting(1), most=2, slots=4, size=256, backlog=10_000).messages
    assert not room(waiting(2), most=2, slots=4, size=256, backlog=10_000).messages


def test_tickets_gather_in_the_queue_while_each_slot_has_its_next_batch():
    messages, reason = room(waiting(2), most=8, slots=2, size=256, backlog=255)

    assert messages == 0
    assert "2 batches wait for one of 2 runs at a time" in reason


def test_a_slot_without_its_next_batch_takes_what_there_is():
    assert room(waiting(1), most=8, slots=2, size=256, backlog=1).messages > 0


def test_a_backlog_is_made_into_full_batches_beyond_those_that_the_slots_need():
    assert room(waiting(7), most=8, slots=2, size=256, backlog=600) == (512, "")
    assert room(waiting(2), most=8, slots=2, size=256, backlog=100_000) == (7 * 256, "")


def sizes(tickets: int, size: int = 256, free: int = 0) -> list[int]:
    return [len(batch) for batch in batched([str(n) for n in range(tickets)], size, free)]


@pytest.mark.parametrize(
    ("tickets", "free", "expected"),
    [
        (0, 2, []),
        (1, 2, [1]),
        (60, 2, [60]),
        (255, 2, [255]),  # two runs of 128 tickets would take longer than they spare
        (256, 0, [256]),
        (256, 1, [256]),
        (256, 2, [128, 128]),
        (256, 8, [128, 128]),
        (257, 0, [128, 129]),
        (600, 4, [150, 150, 150, 150]),
        (7 * 256, 0, [256] * 7),
        (2_000, 2, [250] * 8),
    ],
)
def test_tickets_are_shared_out_evenly_over_as_few_runs_as_is_sensible(tickets, free, expected):
    assert sizes(tickets, free=free) == expected


def test_small_batches_are_asked_for_and_made():
    assert sizes(45, size=20, free=8) == [15, 15, 15]


def test_a_quiet_moment_ends_the_gathering_a_window_after_the_last_batch():
    assert is_settled(gathered=1, size=256, idle=15, window=15)
    assert is_settled(gathered=1, size=256, idle=math.inf, window=15)
    assert not is_settled(gathered=255, size=256, idle=14.9, window=15)


def test_a_quiet_moment_ends_the_gathering_of_a_full_batch_at_once():
    assert is_settled(gathered=256, size=256, idle=0, window=15)


def test_the_time_since_the_last_batch_is_that_since_the_newest():
    now = datetime(2026, 11, 23, 11, 20, 15, 500_000, tzinfo=UTC)

    assert idle_seconds(["20261123T112005Z-3f9a1c02", "20261123T112001Z-ffffffff"], now) == 10.5
    assert idle_seconds([], now) == math.inf
