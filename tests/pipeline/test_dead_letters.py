"""The dead-letter queue, drained by the sensor into quarantine: nothing lost, whatever dies in between."""

import json

import pytest

from resources.aws import client
from resources.queue import SqsQueue
from sensors.dead_letters import DeadLetters
from tests.pipeline.conftest import Pipeline
from tests.pipeline.quick_queue import QuickQueue
from tests.support import eventually
from tests.traces import traces
from ticket_assets.stores.quarantine import Quarantine
from ticket_assets.stores.tombstones import Tombstones


class Dead(QuickQueue):
    """The sensor, with a dead-letter queue whose messages are seen again at once."""

    def __init__(self, pipeline: Pipeline) -> None:
        super().__init__(pipeline)
        self.letters = SqsQueue(name=pipeline.settings.dead_letter_queue)
        client("sqs").set_queue_attributes(QueueUrl=self.letters.url, Attributes={"VisibilityTimeout": "0"})

    def look(self) -> list[str]:
        """A tick of an idle pipeline; the window leaves it two seconds to wait for a first live message."""
        self.set(batch_window_seconds=20)
        requested = self.requested()
        self.set()
        return requested

    def bury(self, body: object) -> None:
        self.letters.send([body if isinstance(body, str) else json.dumps(body)])

    def bury_object(self, key: str) -> None:
        self.bury({"bucket": self.pipeline.settings.raw_bucket, "key": key})

    def empty(self) -> None:
        """No live message waits."""
        eventually(lambda: self.queue.delete(self.queue.drain(0, 0, 100)) or not self.waiting())

    def buried(self) -> int:
        return sum(self.letters.depth().values())

    def kept(self) -> list[str]:
        return list(self.pipeline.store.list_keys("quarantine/"))


@pytest.fixture
def dead(pipeline):
    return Dead(pipeline)


def test_a_dead_letter_about_a_good_object_goes_to_quarantine_with_its_history(dead):
    key = dead.pipeline.put("t1")
    dead.empty()
    dead.bury_object(key)

    assert dead.look() == []

    entry = dead.pipeline.quarantine.find(key)
    assert entry.reason == "dead_letter"
    assert entry.etag == dead.pipeline.raw.head(key).etag
    assert json.loads(entry.message.body)["key"] == key
    assert entry.message.receives.count == 1
    assert entry.message.receives.sent_at
    assert dead.buried() == 0


def test_a_dead_letter_sent_again_is_enriched_and_leaves_nothing_behind(dead):
    key = dead.pipeline.put("t1")
    dead.empty()
    dead.bury_object(key)
    dead.look()
    dead.send({"bucket": dead.pipeline.settings.raw_bucket, "key": key})

    (batch,) = dead.requested()
    assert dead.run(batch).success

    assert dead.pipeline.items("t1")
    assert dead.kept() == []


def test_a_dead_letter_that_cannot_be_read_is_kept_whole(dead):
    bodies = ["no json", '{"bucket": "another", "key": "a.json"}', '{"key": "\\ud800.json", "bucket": "x"}']
    for body in bodies:
        dead.bury(body)

    dead.look()

    kept = {entry.body: entry for entry in dead.pipeline.quarantine.messages()}
    assert kept.keys() == set(bodies)
    assert {entry.reason for entry in kept.values()} == {"dead_letter"}
    assert all("received 1 times" in entry.errors[-1].message for entry in kept.values())
    assert dead.buried() == 0


def test_a_dead_letter_about_an_enriched_object_needs_nothing(dead):
    key = dead.pipeline.put("t1")
    dead.empty()
    assert dead.pipeline.enrich(key).success
    dead.bury_object(key)

    dead.look()

    assert dead.kept() == []
    assert dead.buried() == 0


def test_a_dead_letter_about_an_object_that_is_in_quarantine_already_leaves_its_better_reason(dead):
    dead.pipeline.raw.put("t1.json", b"{")
    dead.empty()
    assert dead.pipeline.enrich("t1.json").success
    dead.bury_object("t1.json")

    dead.look()

    assert dead.pipeline.quarantine.find("t1.json").reason == "not_json"
    assert dead.buried() == 0


def test_a_dead_letter_about_a_forgotten_ticket_that_was_put_again_leaves_an_entry_without_its_text(dead):
    pipeline = dead.pipeline
    Tombstones(pipeline.records, pipeline.stores["table"], pipeline.stores["search_index"]).put(
        ["t1.json", "gone.json"]
    )
    pipeline.put("t1")
    dead.empty()
    dead.bury({"bucket": pipeline.settings.raw_bucket, "key": "t1.json", "body": "my diagnosis"})
    dead.bury_object("gone.json")

    dead.look()

    (entry,) = pipeline.quarantine.entries()
    assert (entry.key, entry.reason) == ("t1.json", "forgotten")
    assert entry.etag == pipeline.raw.head("t1.json").etag
    assert traces(pipeline, "my diagnosis") == []
    assert dead.kept() == ["quarantine/objects/t1.json.json"]
    assert dead.buried() == 0


def test_a_test_event_among_the_dead_letters_is_dropped(dead):
    dead.bury({"Event": "s3:TestEvent"})

    dead.look()

    assert dead.kept() == []
    assert dead.buried() == 0


class Dying(SqsQueue):
    """Dies between the entries and the deletion."""

    def delete(self, messages):
        raise KeyboardInterrupt


def test_who_dies_between_entry_and_deletion_only_repeats_it(dead):
    key = dead.pipeline.put("t1")
    dead.empty()
    dead.bury_object(key)
    dead.bury("no json")
    stores = dead.pipeline.stores
    quarantine = Quarantine(stores["pipeline_store"], stores["record_store"])
    dying = DeadLetters(Dying(name=dead.letters.name), stores["raw_store"], stores["record_store"], quarantine)
    with pytest.raises(KeyboardInterrupt):
        dying.drain()
    before = dead.kept()
    assert len(before) in (1, 2)
    assert dead.buried() == 2

    eventually(lambda: dead.look() == [] and not dead.buried())

    assert dead.pipeline.quarantine.find(key).reason == "dead_letter"
    assert [entry.body for entry in dead.pipeline.quarantine.messages()] == ["no json"]
    assert len(dead.kept()) == 2


def test_a_dead_letter_queue_that_is_not_there_is_one_line_and_live_work_goes_on(dead):
    dead.pipeline.put("t1")
    stores = dead.pipeline.stores
    stores["dead_letter_queue"] = SqsQueue(name="there-is-no-such-queue")

    assert len(dead.requested()) == 1

    quarantine = Quarantine(stores["pipeline_store"], stores["record_store"])
    missing = DeadLetters(stores["dead_letter_queue"], stores["raw_store"], stores["record_store"], quarantine)
    (line,) = missing.drain()
    assert "there-is-no-such-queue is not drained: a queue" in line
    assert "\n" not in line


class Refusing(Quarantine):
    """Cannot keep one message."""

    def add_message(self, entry):
        if "poison" in entry.body:
            raise RuntimeError("no room\nfor it")
        super().add_message(entry)


def test_a_dead_letter_that_cannot_be_filed_stays_and_costs_no_other(dead):
    stores = dead.pipeline.stores
    quarantine = Refusing(stores["pipeline_store"], stores["record_store"])
    letters = DeadLetters(dead.letters, stores["raw_store"], stores["record_store"], quarantine)
    for body in ("poison", "one", "two"):
        dead.bury(body)
    lines: list[str] = []

    eventually(lambda: lines.extend(letters.drain()) or dead.buried() == 1)

    assert sorted(entry.body for entry in quarantine.messages()) == ["one", "two"]
    assert dead.buried() == 1
    assert any("stay where they are, such as one for: RuntimeError: no room for it" in line for line in lines)
