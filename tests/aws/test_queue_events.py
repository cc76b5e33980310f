"""Which of the buckets' objects the settings' queue is told of."""

from contextlib import suppress

import pytest

from resources.queue import SqsQueue
from sensors.events import NothingCreated, created_objects
from tests.support import eventually, store


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
