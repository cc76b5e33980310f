"""Replay of quarantine: after the fix it completes and leaves nothing behind, also while live traffic flows."""

import json
import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from resources.queue import SqsQueue
from tests.fakes import POISON, FirstWords, LengthEmbedder, fake_suite
from tests.pipeline.conftest import Pipeline
from tests.support import eventually
from ticket_assets.domain.batches import split
from tickets_cli.quarantine_desk import Desk

TICKETS = [f"t{n}" for n in range(8)]
STUBBORN = "t8"  # nobody puts a good version of it: there always is something to replay


class Mended(LengthEmbedder):
    """Takes what broke it before."""

    def embed(self, texts):
        return super().embed([text.replace(POISON, "") for text in texts])


class Traffic:
    """Messages of the queue, run as batches, without the daemon."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.queue = SqsQueue(name=pipeline.settings.queue)
        self.desk = Desk(pipeline.settings)

    def work(self, **roles: object) -> None:
        """Run a batch of what waits in the queue, as often as anything does."""
        while messages := self.queue.drain(1, 0, 100):
            named = [json.loads(message.body) for message in messages]
            keys = [body["key"] for body in named if "key" in body]
            keys += [r["s3"]["object"]["key"] for body in named for r in body.get("Records", [])]
            for group in split(keys, 256):
                assert self.pipeline.enrich(*group, suite=fake_suite(**roles)).success
            self.queue.delete(messages)

    def replay(self) -> int:
        """Send all again; returns how many objects."""
        objects, _ = self.desk.replay(self.desk.choose(None, None))
        return objects

    def kept(self) -> list[str]:
        return list(self.pipeline.store.list_keys("quarantine/"))


def test_after_the_fix_replay_completes_and_leaves_nothing_behind(pipeline):
    traffic = Traffic(pipeline)
    for n in range(3):
        pipeline.put(f"t{n}", subject=POISON)
    pipeline.put("fine")
    traffic.work()
    assert len(traffic.kept()) == 6
    held = traffic.desk.look_up(["t0"])[0]
    assert held.entry.reason == "model_failure"
    assert POISON.encode() in (traffic.desk.original(held) or b"")

    traffic.replay()
    traffic.work(embedder=Mended())

    assert all(pipeline.items(name) for name in ("t0", "t1", "t2", "fine"))
    assert traffic.kept() == []


def test_replay_before_the_fix_changes_nothing(pipeline):
    traffic = Traffic(pipeline)
    pipeline.put("t0", subject=POISON)
    traffic.work()
    before = traffic.kept()

    traffic.replay()
    traffic.work()

    assert traffic.kept() == before
    assert pipeline.record("t0") is None


def test_the_original_of_a_version_that_was_replaced_in_mid_run_is_not_kept_for_the_entry(pipeline):
    traffic = Traffic(pipeline)
    batch = pipeline.land(pipeline.put("t0", subject=POISON, body=f"{POISON} " * 30), pipeline.put("fine"))

    class Broken(FirstWords):
        def summarize(self, texts, contexts=()):
            if any(POISON in text for text in texts):
                pipeline.put("t0", subject="newer")
                raise RuntimeError("fell over")
            return super().summarize(texts, contexts)

    assert pipeline.run(batch, fake_suite(embedder=Mended(), summarizer=Broken())).success
    held = traffic.desk.look_up(["t0"])[0]
    assert held.entry.reason == "model_failure"
    assert traffic.desk.original(held) is None


class Putter(threading.Thread):
    """Puts and puts again, good versions and bad ones, until the live traffic is over."""

    def __init__(self, pipeline: Pipeline, seed: int, over: threading.Event) -> None:
        super().__init__()
        self._pipeline, self._chance, self._over = pipeline, random.Random(seed), over

    def run(self) -> None:
        while not self._over.wait(0.2):
            name = self._chance.choice(TICKETS)
            if self._chance.random() < 0.4:
                put_bad(self._pipeline, name, self._chance.random())
            else:
                self._pipeline.put(name, subject=f"{self._chance.random()}")


def put_bad(pipeline: Pipeline, name: str, n: float) -> None:
    """A version that lacks its texts."""
    pipeline.raw.put(f"{name}.json", json.dumps({"ticket_id": name, "n": n}).encode())


def assert_one_current_outcome(pipeline: Pipeline, key: str) -> None:
    """The current version of the object is enriched and nothing else, or in quarantine."""
    source, entry, record = pipeline.raw.get(key), pipeline.quarantine.find(key), pipeline.records.head(key)
    if b"subject" not in source.body:
        assert entry is not None
        assert entry.etag == source.info.etag
        return
    assert entry is None, key
    assert record is not None
    assert record.metadata["source-etag"] == source.info.etag
    assert len(pipeline.items(key.removesuffix(".json"))) == 1


@pytest.fixture
def shared_pipeline(settings, local_instance):
    """Over files, which several threads may use at a time."""
    return Pipeline(settings, local_instance)


def test_replay_while_live_traffic_flows_leaves_one_current_outcome_a_ticket(shared_pipeline):
    pipeline = shared_pipeline
    traffic, over = Traffic(pipeline), threading.Event()
    for name in (*TICKETS, STUBBORN):
        put_bad(pipeline, name, 0)
    traffic.work()
    putters = [Putter(pipeline, seed, over) for seed in range(2)]

    def work() -> None:
        while not over.is_set():
            traffic.work()

    with ThreadPoolExecutor(2) as workers:
        for putter in putters:
            putter.start()
        try:
            working = [workers.submit(work) for _ in range(2)]
            sent = []
            for _ in range(3):
                sent.append(traffic.replay())
                assert all(putter.is_alive() for putter in putters)
                pipeline.next_second()
        finally:
            over.set()
            for putter in putters:
                putter.join()
        for done in working:
            done.result()
    assert all(sent), sent
    assert eventually(lambda: traffic.work() is None and not sum(traffic.queue.depth().values()))

    for key in pipeline.raw.list_keys():
        assert_one_current_outcome(pipeline, key)
    standing = {entry.key for entry in pipeline.quarantine.entries()}
    originals = {key.removeprefix("quarantine/originals/") for key in traffic.kept() if "/originals/" in key}
    assert originals == standing
