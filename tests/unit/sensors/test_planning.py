import json
from typing import NamedTuple

from sensors.planning import hold_back, intake, requests


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


def test_messages_are_received_while_there_is_room():
    assert hold_back({"pending": 3, "queued": 4}, 8) is None


def test_messages_wait_once_as_many_batches_wait_as_may():
    reason = hold_back({"pending": 3, "queued": 5}, 8)

    assert reason is not None
    assert all(part in reason for part in ("3 pending", "5 queued", "8 batches"))
