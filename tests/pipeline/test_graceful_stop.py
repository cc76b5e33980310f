"""SIGTERM in the midst of work: what can end does, what cannot is cut and run again, and no message is left hanging."""

import os
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from resources.queue import SqsQueue
from sensors.stopping import STOPPED
from tests.conftest import own_settings
from tests.pipeline.programs import UP, environment, kill_all, last_words, left_of
from tests.support import eventually, store, ticket_json
from ticket_assets.settings import Settings, variable
from ticket_assets.stores.batches import Batches
from tickets_cli.layout import PROJECT
from tickets_cli.processes import ManagedProcess

A_POD_GETS = 30  # seconds from SIGTERM to SIGKILL
NAMES = ("raw_bucket", "enriched_bucket", "pipeline_bucket", "queue", "dead_letter_queue", "table")


@dataclass
class Processor:
    """A processor with gated models over one home, started and stopped by the test."""

    root: Path
    settings: Settings

    def start(self, window: int = 1, **changes: str) -> ManagedProcess:
        names = {variable(name): getattr(self.settings, name) for name in NAMES}
        own = environment(
            **names,
            AWS_ENDPOINT_URL=os.environ["AWS_ENDPOINT_URL"],
            DAGSTER_HOME=str(self.home),
            PYTHONPATH=str(PROJECT),
            TEST_GATE=str(self.gate),
            TICKETS_BATCH_WINDOW_SECONDS=str(window),
            **changes,
        )
        command = [sys.executable, "-m", "tests.pipeline.gated"]
        made = ManagedProcess("processor", command, own, self.root / "processor.log")
        made.wait_until(lambda: "processing" in made.log.read_text(), UP)
        made.log.write_text("")
        return made

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def gate(self) -> Path:
        return self.root / "gate"

    def stopping(self) -> bool:
        return (self.home / "stopping").exists()

    def at_work(self) -> bool:
        return self.gate.with_name("gate.reached").exists()

    def put(self, ticket_id: str) -> None:
        store(self.settings.raw_bucket).put(f"{ticket_id}.json", ticket_json(ticket_id=ticket_id))

    def record(self, ticket_id: str) -> bool:
        return store(self.settings.enriched_bucket).head(f"{ticket_id}.json") is not None

    def depth(self) -> dict[str, int]:
        return SqsQueue(name=self.settings.queue).depth()

    @cached_property
    def instance(self) -> dg.DagsterInstance:
        """The processor's own, once it has started; to open it costs more than all that is asked of it."""
        return dg.DagsterInstance.from_config(str(self.home))

    def runs(self) -> list[dg.DagsterRun]:
        return list(self.instance.get_runs())

    def errors(self, run: dg.DagsterRun) -> list[str | None]:
        entries = self.instance.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
        return [entry.dagster_event and entry.dagster_event.message for entry in entries]

    def close_gate(self) -> None:
        for place in (self.gate, self.gate.with_name("gate.reached")):
            place.unlink(missing_ok=True)

    def after_its_end(self, running: ManagedProcess) -> dict[str, Any]:
        """What is left of it, and what it said."""
        said = running.log.read_text()
        return {"end": last_words(running), "said": said, "left": left_of(self.root), "stopping": self.stopping()}


@pytest.fixture(scope="module")
def processor(aws_endpoint, tmp_path_factory):
    settings = own_settings()
    queue = SqsQueue(name=settings.queue)  # holds S3's own test event
    queue.delete(queue.drain(1, 0, 10))
    made = Processor(tmp_path_factory.mktemp("processor"), settings)
    yield made
    assert eventually(lambda: kill_all(made.root))


@pytest.fixture(scope="module")
def hurried(processor) -> dict[str, Any]:
    """A processor with a run in hand, asked twice to end."""
    running = processor.start(TEST_RUNS_SECONDS="3600")
    processor.put("T-1")
    assert eventually(processor.at_work, UP)
    running.terminate()
    assert eventually(processor.stopping)
    running.terminate()
    return processor.after_its_end(running) | {"runs": processor.runs()}


@pytest.fixture(scope="module")
def cut(processor, hurried) -> dict[str, Any]:
    """The next one, which has the batch's next run in hand, asked once; that run does not end."""
    processor.close_gate()
    running = processor.start()
    assert eventually(processor.at_work, UP)
    running.terminate()
    in_time = running.ended_within(A_POD_GETS)
    return processor.after_its_end(running) | {"in time": in_time, "runs": processor.runs()}


@pytest.fixture(scope="module")
def ticking(processor, cut) -> dict[str, Any]:
    """The one after that finishes the batch, and is asked to end while a tick holds the message of another ticket."""
    processor.gate.touch()
    running = processor.start(window=20)
    seen: dict[str, Any] = {"first": eventually(lambda: processor.record("T-1"), UP), "runs": processor.runs()}
    idle = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]
    assert eventually(lambda: all(run.status in idle for run in processor.runs()), UP)
    processor.put("T-2")
    assert eventually(lambda: processor.depth()["in flight"], UP)
    running.terminate()
    in_time = running.ended_within(A_POD_GETS)
    batches = Batches(store(processor.settings.pipeline_bucket))
    seen |= {"in time": in_time, "messages": sum(processor.depth().values())}
    seen["landed"] = [batches.manifest(batch).keys for batch in batches.pending()]
    return seen | processor.after_its_end(running)


@pytest.fixture(scope="module")
def finished(processor, ticking) -> dict[str, Any]:
    """The last one, asked to end while that ticket's run is in hand, which then ends."""
    processor.close_gate()
    running = processor.start()
    assert eventually(processor.at_work, UP)
    running.terminate()
    assert eventually(processor.stopping)
    processor.gate.touch()
    return processor.after_its_end(running) | {"second": processor.record("T-2"), "runs": processor.runs()}


def test_a_second_signal_cuts_the_wait_short_and_leaves_nothing_behind(processor, hurried):
    assert hurried["end"].startswith("processor ended with exit code 0.")
    assert hurried["left"] == []
    assert [processor.errors(run) for run in hurried["runs"]] == [[STOPPED]]


def test_a_run_that_takes_too_long_is_cut_within_a_pods_grace_and_run_again_by_the_next_start(processor, cut, ticking):
    assert cut["in time"]
    assert cut["left"] == []
    last = cut["runs"][0]
    assert [run.status for run in cut["runs"]] == [dg.DagsterRunStatus.FAILURE] * 2
    assert last.tags["dagster/will_retry"] == "true"
    assert processor.errors(last) == [STOPPED]
    assert "1 runs were cut" in cut["said"]
    assert ticking["first"]
    assert last.run_id in [run.parent_run_id for run in ticking["runs"]]


def test_a_tick_that_holds_messages_lands_them_before_it_ends(ticking, finished):
    assert ticking["in time"]
    assert ticking["messages"] == 0
    assert ticking["landed"] == [["T-2.json"]]
    assert ticking["left"] == []
    assert finished["second"]


def test_a_run_that_ends_in_time_is_finished_before_the_processor_is(finished):
    assert finished["end"].startswith("processor ended with exit code 0.")
    assert finished["runs"][0].status == dg.DagsterRunStatus.SUCCESS
    assert finished["second"]
    assert finished["left"] == []
    assert not finished["stopping"]
