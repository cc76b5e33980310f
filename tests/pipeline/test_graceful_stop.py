"""SIGTERM in the midst of work: what can end does, what cannot is cut and run again, and no message is left hanging."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest

from resources.queue import SqsQueue
from sensors.stopping import STOPPED
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

    def runs(self) -> list[dg.DagsterRun]:
        with dg.DagsterInstance.from_config(str(self.home)) as instance:
            return list(instance.get_runs())

    def errors(self, run: dg.DagsterRun) -> list[str | None]:
        with dg.DagsterInstance.from_config(str(self.home)) as instance:
            entries = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
        return [entry.dagster_event and entry.dagster_event.message for entry in entries]


@pytest.fixture
def processor(settings, tmp_path):
    queue = SqsQueue(name=settings.queue)  # holds S3's own test event
    queue.delete(queue.drain(1, 0, 10))
    yield Processor(tmp_path, settings)
    assert eventually(lambda: kill_all(tmp_path))


def test_a_run_that_ends_in_time_is_finished_before_the_processor_is(processor):
    running = processor.start()
    processor.put("T-1")
    assert eventually(processor.at_work, UP)

    running.terminate()
    assert eventually(processor.stopping)
    processor.gate.touch()

    assert last_words(running).startswith("processor ended with exit code 0.")
    assert [run.status for run in processor.runs()] == [dg.DagsterRunStatus.SUCCESS]
    assert processor.record("T-1")
    assert left_of(processor.root) == []
    assert not processor.stopping()


def test_a_run_that_takes_too_long_is_cut_within_a_pods_grace_and_run_again_by_the_next_start(processor):
    running = processor.start()
    processor.put("T-1")
    assert eventually(processor.at_work, UP)

    running.terminate()

    assert running.ended_within(A_POD_GETS)
    assert left_of(processor.root) == []
    (cut,) = processor.runs()
    assert cut.status == dg.DagsterRunStatus.FAILURE
    assert cut.tags["dagster/will_retry"] == "true"
    assert processor.errors(cut) == [STOPPED]
    assert "1 runs were cut" in running.log.read_text()

    processor.gate.touch()
    running = processor.start()
    assert eventually(lambda: processor.record("T-1"), UP)
    assert cut.run_id in [run.parent_run_id for run in processor.runs()]
    running.stop()


def test_a_second_signal_cuts_the_wait_short_and_leaves_nothing_behind(processor):
    running = processor.start(TEST_RUNS_SECONDS="3600")
    processor.put("T-1")
    assert eventually(processor.at_work, UP)

    running.terminate()
    assert eventually(processor.stopping)
    running.terminate()

    assert last_words(running).startswith("processor ended with exit code 0.")
    assert left_of(processor.root) == []
    assert [processor.errors(run) for run in processor.runs()] == [[STOPPED]]


def test_a_tick_that_holds_messages_lands_them_before_it_ends(processor):
    running = processor.start(window=20)
    processor.put("T-1")
    assert eventually(lambda: processor.depth()["in flight"], UP)

    running.terminate()

    assert running.ended_within(A_POD_GETS)
    assert sum(processor.depth().values()) == 0
    batches = Batches(store(processor.settings.pipeline_bucket))
    assert [batches.manifest(batch).keys for batch in batches.pending()] == [["T-1.json"]]
    assert left_of(processor.root) == []

    processor.gate.touch()
    running = processor.start()
    assert eventually(lambda: processor.record("T-1"), UP)
    running.stop()
