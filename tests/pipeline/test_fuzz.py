"""Thousands of bad objects and messages: none stops a tick or a run, and each is where its reason can be read."""

import json
import os
import random
from collections import Counter

import pytest

from resources.aws import client, concurrently
from tests.pipeline.bad_inputs import bad_objects, odd_messages, too_large
from tests.pipeline.quick_queue import QuickQueue
from ticket_assets.domain.intake import MAX_OBJECT_BYTES, UTF8_BOM

# `make fuzz` takes 5,000 objects, `make test` fewer of the same kinds.
OBJECTS, MESSAGES, SEED = int(os.environ.get("FUZZ_OBJECTS", "400")), 2_000, 20261123
GOOD = 100


@pytest.fixture
def queue(pipeline):
    made = QuickQueue(pipeline)
    made.set(max_pending_batches=1000)
    return made


def test_each_of_thousands_of_bad_objects_is_in_quarantine_for_its_reason_and_no_good_one_is(queue):
    pipeline = queue.pipeline
    bad = [*bad_objects(OBJECTS - 2, random.Random(SEED)), too_large("large"), too_large("huge", 5 * 1024 * 1024)]
    good = [f"good-{number}" for number in range(GOOD)]

    concurrently(lambda found: pipeline.raw.put(found.key, found.body), bad)
    concurrently(pipeline.put, good)
    batches = set()
    for _ in range(OBJECTS):
        batches |= set(queue.requested())
        if not queue.waiting():
            break
    assert not queue.waiting()
    for batch in batches:
        assert queue.run(batch).success

    entries = {entry.key: entry for entry in pipeline.quarantine.entries()}
    assert {key: entry.reason.value for key, entry in entries.items()} == {found.key: found.reason for found in bad}
    assert all(error.message for entry in entries.values() for error in entry.errors)
    assert all(entry.errors for entry in entries.values())
    assert set(pipeline.records.list_keys()) == {f"{name}.json" for name in good}
    assert all(len(items) == 1 for items in concurrently(pipeline.items, good))


def test_each_of_thousands_of_odd_messages_is_kept_with_its_fault_or_dropped(queue):
    odd = list(odd_messages(MESSAGES, queue.pipeline.settings.raw_bucket, random.Random(SEED)))
    starts = range(0, len(odd), 10)

    def send(start: int) -> None:
        entries = [{"Id": str(n), "MessageBody": m.body} for n, m in enumerate(odd[start : start + 10])]
        assert not client("sqs").send_message_batch(QueueUrl=queue.queue.url, Entries=entries).get("Failed")

    concurrently(send, starts)
    for _ in range(MESSAGES):
        assert not queue.requested()
        if not queue.waiting():
            break
    assert not queue.waiting()

    kept = queue.pipeline.quarantine.messages()
    assert Counter(entry.body for entry in kept) == Counter(message.body for message in odd if message.kept)
    assert all(error.message for entry in kept for error in entry.errors)


ODD_BUT_GOOD = {
    "html": {"subject": "<b>bold</b>", "body": "<script>alert(1)</script> " * 10},
    "markdown": {"subject": "[x](javascript:alert(1)) | `a` |", "body": "# title\n| a | b |\n" * 10},
    "right-to-left": {"subject": "\u202e\u05e9\u05dc\u05d5\u05dd", "body": "\u0645\u0631\u062d\u0628\u0627 " * 30},
    "emoji": {"subject": "\U0001f600" * 50, "body": "\U0001f468\u200d\U0001f469\u200d\U0001f467 help " * 30},
    "nul": {"subject": "a\x00b", "body": "c\x00d " * 30},
    "controls": {"subject": "\x1b[31mred\x07", "body": "\x1b]0;title\x07 " * 30},
    "unknown-fields": {"colour": "red", "nested": {"a": [{"b": 1}]}},
    "odd-priority": {"priority": {"level": 1}},
}


def test_tickets_with_odd_text_are_enriched_with_their_text_as_it_is(pipeline):
    assert pipeline.enrich(*[pipeline.put(name, **fields) for name, fields in ODD_BUT_GOOD.items()]).success

    for name, fields in ODD_BUT_GOOD.items():
        record, (item,) = pipeline.record(name), pipeline.items(name)
        for field in ("subject", "body"):
            assert record[field] == fields.get(field, record[field])
        assert item["subject"] == record["subject"]
    assert list(pipeline.quarantine.entries()) == []


def test_a_byte_order_mark_and_the_largest_size_are_no_faults(pipeline):
    mark = too_large("mark", 500)
    largest = too_large("largest", MAX_OBJECT_BYTES)
    pipeline.raw.put(mark.key, UTF8_BOM + mark.body)
    pipeline.raw.put(largest.key, largest.body)

    assert pipeline.enrich(mark.key, largest.key).success

    assert pipeline.items("mark")
    assert len(pipeline.items("largest")) == 1


def test_of_two_bodies_under_one_id_the_last_one_put_stands(pipeline):
    for text in ("first", "second"):
        key = pipeline.put("t1", subject=text)
    body = json.dumps({**json.loads(pipeline.raw.get(key).body), "subject": "third"})
    pipeline.raw.put(key, f'{{"subject": "shadowed", {body[1:]}'.encode())

    assert pipeline.enrich(key).success

    assert pipeline.record("t1")["subject"] == "third"
    assert len(pipeline.items("t1")) == 1
