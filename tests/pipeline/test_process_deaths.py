"""Real run processes that die, under a real code server and daemon: of a ticket, of an operator, or before they start.

A killer among tickets is found by splitting its batch and quarantined; whoever only was beside it, or was killed from
outside, is enriched; no batch is left failed.
"""

import os
import signal
import uuid
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg
import pytest
import yaml

from resources.aws import client
from sensors.run_ends import end_of
from sensors.verdicts import End
from tests.pipeline.conftest import Pipeline
from tests.pipeline.killing_definitions import GATE
from tests.pipeline.programs import UP, environment, kill_all
from tests.pipeline.test_processor import OWN_NAMES
from tests.support import eventually
from ticket_assets.settings import load_settings
from ticket_assets.stores.accounts import account
from tickets_cli.dagster_services import DagsterServices, prepare_home
from tickets_cli.processes import free_port
from tickets_cli.provisioning import provision

START_TIMEOUT = 30


@dataclass
class Stack:
    """The running pipeline, and what is done to it."""

    pipeline: Pipeline
    gate: Path
    killed: dict[signal.Signals, str] = field(default_factory=dict)

    def runs(self, batch: str) -> list[dg.DagsterRun]:
        """The batch's runs, oldest first."""
        return list(self.pipeline.instance.get_runs(dg.RunsFilter(tags={"dagster/partition": batch})))[::-1]

    def kill(self, batch: str, number: signal.Signals) -> None:
        """Kill the worker that waits at the gate, and wait until its run is failed: a minute at most."""
        (place,) = eventually(lambda: list(self.gate.glob("*.waiting")), UP)
        self.killed[number] = self.runs(batch)[-1].run_id
        os.kill(int(place.stem), number)
        place.unlink()
        assert eventually(lambda: self.run(self.killed[number]).is_finished, 60)

    def run(self, run_id: str) -> dg.DagsterRun:
        found = self.pipeline.instance.get_run_by_id(run_id)
        assert found
        return found

    def lose(self, run: dg.DagsterRun) -> str:
        """A run of the same batch that was created and never launched."""
        lost = run.run_id[:-8] + uuid.uuid4().hex[:8]
        tags = {name: value for name, value in run.tags.items() if name != "dagster/run_key"}
        self.pipeline.instance.add_run(
            run._replace(run_id=lost, status=dg.DagsterRunStatus.NOT_STARTED, tags=tags, parent_run_id=None)
        )
        return lost


@pytest.fixture(scope="module")
def stack(tmp_path_factory, aws_endpoint):
    root = tmp_path_factory.mktemp("deaths")
    home, gate = root / "home", root / "gate"
    gate.mkdir()
    names = {name: f"{value}-deaths" for name, value in OWN_NAMES.items()}
    # The longer the window, the shorter does a tick wait for a first message, of which there is none.
    own = environment(**names, **{GATE: str(gate)}, AWS_ENDPOINT_URL=aws_endpoint, TICKETS_BATCH_WINDOW_SECONDS="20")
    before, processes = dict(os.environ), []
    try:
        os.environ.clear()
        os.environ.update(own)
        settings = load_settings()
        list(provision(settings))
        # The tests land their own batches.
        client("s3").put_bucket_notification_configuration(Bucket=settings.raw_bucket, NotificationConfiguration={})
        prepare_home(home)
        quick(home / "dagster.yaml")
        services = DagsterServices(home, os.environ, root / "logs", free_port(), "tests.pipeline.killing_definitions")
        processes += [services.start_code_server()]
        processes += [services.start_daemon()]
        with dg.DagsterInstance.from_config(str(home)) as instance:
            yield Stack(Pipeline(settings, instance), gate)
    finally:
        os.environ.clear()
        os.environ.update(before)
        for process in processes:
            process.stop(1)
        assert eventually(lambda: kill_all(root))


def quick(place: Path) -> None:
    """The same settings with less patience."""
    settings = yaml.safe_load(place.read_text())
    settings["run_monitoring"] |= {"start_timeout_seconds": START_TIMEOUT, "poll_interval_seconds": 5}
    place.write_text(yaml.safe_dump(settings))


@pytest.fixture(scope="module")
def batches(stack) -> dict[str, str]:
    """A batch with a killer, one whose workers are killed twice, and one of which a run is lost; all done with."""
    pipeline = stack.pipeline
    made = {"lost": pipeline.land(pipeline.put("lost"))}
    (run,) = eventually(lambda: [run for run in stack.runs(made["lost"]) if run.is_success], UP)
    made["lost run"] = stack.lose(run)
    made["waits"] = pipeline.land(pipeline.put("waits", subject="WAITS"))
    made["killer"] = pipeline.land(*[pipeline.put(f"t{n}", subject="KILLS" if n == 2 else "fine") for n in range(4)])
    stack.kill(made["waits"], signal.SIGKILL)
    stack.kill(made["waits"], signal.SIGTERM)
    (stack.gate / "open").touch()
    eventually(lambda: len(stack.runs(made["lost"])) == 3 and stack.runs(made["lost"])[-1].is_success, UP)
    good = ("waits", "lost", "t0", "t1", "t3")
    eventually(lambda: [*pipeline.quarantine.entries()] and all(pipeline.items(name) for name in good), 3 * UP)
    # A run ends after its items are there, and before its batch is done with.
    eventually(lambda: all(stack.runs(made[name])[-1].is_success for name in ("waits", "lost")), UP)
    eventually(lambda: not pipeline.batches.pending(), UP)
    return made


def test_of_a_batch_with_a_killer_the_killer_alone_is_quarantined(stack, batches):
    pipeline = stack.pipeline
    (entry,) = pipeline.quarantine.entries()
    assert (entry.key, entry.reason) == ("t2.json", "model_failure")
    assert entry.errors[0].message == "killed the models' process three times, alone (signal 9)"
    assert [len(pipeline.items(f"t{n}")) for n in range(4)] == [1, 1, 0, 1]


def test_the_batch_is_halved_twice_and_each_batch_that_held_the_killer_died_three_times_first(stack, batches):
    (entry,) = stack.pipeline.quarantine.entries()
    manifest = stack.pipeline.batches.manifest(entry.batch)
    line = []
    while manifest.parent:
        manifest = stack.pipeline.batches.manifest(manifest.parent)
        line.append(manifest)
    assert [len(manifest.keys) for manifest in line] == [2, 4]
    assert line[-1].batch == batches["killer"]
    for manifest in line:
        # On a busy machine a run may also fail to start in time, which counts for nothing.
        ends = [end_of(stack.pipeline.instance, run) for run in stack.runs(manifest.batch)]
        assert ends.count(End.PROCESS_DIED) >= 3
        assert set(ends) <= {End.PROCESS_DIED, End.HOST_GONE}


def test_the_books_of_every_ticket_balance_and_no_batch_is_left_failed_or_pending(stack, batches):
    pipeline = stack.pipeline
    for batch in (batches["killer"], batches["waits"], batches["lost"]):
        manifest = pipeline.batches.manifest(batch)
        books = account(manifest, pipeline.records, pipeline.stores["table"], pipeline.quarantine)
        assert books.missing == []
    assert pipeline.batches.failures() == []
    assert pipeline.batches.pending() == []


def test_a_killed_worker_is_noticed_within_a_minute_and_its_batch_enriched_by_the_next_run(stack, batches):
    runs = stack.runs(batches["waits"])
    ends = {run.run_id: end_of(stack.pipeline.instance, run) for run in runs}
    assert ends[stack.killed[signal.SIGKILL]] is End.PROCESS_DIED
    assert ends[stack.killed[signal.SIGTERM]] is End.HOST_GONE
    assert [*ends.values()][-1] is End.SUCCEEDED
    assert len(stack.pipeline.items("waits")) == 1


def test_a_run_that_never_starts_is_failed_and_its_batch_run_again(stack, batches):
    assert end_of(stack.pipeline.instance, stack.run(batches["lost run"])) is End.HOST_GONE
    last = stack.runs(batches["lost"])[-1]
    assert last.is_success
    assert last.run_id != batches["lost run"]
