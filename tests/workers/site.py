"""A stack with one warm worker over real Redis and Postgres, and what a test does to it and sees of it."""

import os
import re
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg

from resources.workers.pulse import Pulse
from resources.workers.run_launcher import WarmRunLauncher
from tests.pipeline.conftest import Pipeline
from tests.pipeline.programs import UP, environment
from tests.support import eventually
from tests.workers.definitions import GATE
from ticket_assets.assets.policy import PARTITION_TAG
from ticket_assets.settings import Settings, load_settings
from tickets_cli.layout import PROJECT
from tickets_cli.processes import ManagedProcess, free_port

STARTED = re.compile(r"Started process for run \(pid: (\d+)\)")
MODULE = "changing"
CODE = '"""What a test changes."""\nfrom tests.workers.definitions import defs\n'


@dataclass
class Site:
    """The program, over a state that outlives it. In `os.environ` stands what leads this process's clients to it."""

    root: Path
    program: ManagedProcess = field(init=False)
    aws_port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        for place in (self.gate, self.code.parent):
            place.mkdir(parents=True)
        self.code.write_text(CODE)
        shutil.copytree(Settings().labels_dir, self.labels)

    gate = property(lambda self: self.root / "gate")
    state = property(lambda self: self.root / "state")
    labels = property(lambda self: self.root / "labels")
    code = property(lambda self: self.root / "code" / MODULE / "__init__.py")

    def environment(self) -> dict[str, str]:
        return environment(
            **{GATE: str(self.gate)},
            AWS_ENDPOINT_URL=f"http://127.0.0.1:{self.aws_port}",
            AWS_ACCESS_KEY_ID="test",
            AWS_SECRET_ACCESS_KEY="test",
            AWS_DEFAULT_REGION="us-east-1",
            PYTHONPATH=os.pathsep.join([str(self.code.parent.parent), str(PROJECT)]),
            TEST_RUNS_SECONDS="2",
            TICKETS_BATCH_WINDOW_SECONDS="1",
            TICKETS_LABELS_DIR=str(self.labels),
            TICKETS_STATE_DIR=str(self.state),
        )

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.workers.definitions", MODULE, str(self.aws_port)]
        (self.root / "stack.log").unlink(missing_ok=True)
        self.program = ManagedProcess("stack", command, os.environ, self.root / "stack.log")
        self.program.wait_until(lambda: "• up\n" in self.program.log.read_text(), UP)
        self.instance = dg.DagsterInstance.from_config(str(self.state / "dagster"))
        self.pipeline = Pipeline(load_settings(), self.instance)
        assert eventually(self.ready, UP)

    @property
    def launcher(self) -> WarmRunLauncher:
        assert isinstance(self.instance.run_launcher, WarmRunLauncher)
        return self.instance.run_launcher

    @property
    def pulse(self) -> Pulse:
        return self.launcher.pulse

    def ready(self) -> int:
        """The process of the worker that takes runs, 0 where none does."""
        return next((word["pid"] for word in self.pulse.workers().values() if word["ready"]), 0)

    def enrich(self, ticket_id: str, **fields: object) -> dg.DagsterRun:
        """Put a ticket and wait for its item; its batch's last run, ended."""
        self.pipeline.put(ticket_id, **fields)
        return self.enriched(ticket_id)

    def enriched(self, ticket_id: str) -> dg.DagsterRun:
        """The last run of the batch that the ticket's item is of, once it has ended."""
        (item,) = eventually(lambda: self.pipeline.items(ticket_id), UP)
        last = eventually(lambda: [run for run in self.runs(item["batch"])[-1:] if run.is_finished], UP)
        return last[0]

    def waiting(self, ticket_id: str) -> tuple[dg.DagsterRun, int]:
        """Put a ticket that waits at the closed gate; the run and the worker's process that stand there with it."""
        (self.gate / "open").unlink(missing_ok=True)
        for old in self.gate.glob("*.waiting"):
            old.unlink()
        self.pipeline.put(ticket_id, subject="WAITS")
        (place,) = eventually(lambda: list(self.gate.glob("*.waiting")), UP)
        started = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])
        (run,) = self.instance.get_runs(started)
        return run, int(place.stem)

    def open_gate(self) -> None:
        (self.gate / "open").touch()

    def runs(self, batch: str) -> list[dg.DagsterRun]:
        """The batch's runs, oldest first."""
        return list(self.instance.get_runs(dg.RunsFilter(tags={PARTITION_TAG: batch})))[::-1]

    def run(self, run_id: str) -> dg.DagsterRun:
        found = self.instance.get_run_by_id(run_id)
        assert found
        return found

    def starts(self, run_id: str) -> list[int]:
        """The processes that began to execute the run."""
        entries = self.instance.all_logs(run_id, of_type=dg.DagsterEventType.ENGINE_EVENT)
        found = [STARTED.match(entry.dagster_event.message or "") for entry in entries if entry.dagster_event]
        return [int(start[1]) for start in found if start]

    def loads(self) -> list[int]:
        """The processes that loaded the models, in order."""
        return [int(line) for line in (self.gate / "loads").read_text().split()]

    def worker_log(self) -> str:
        return (self.state / "logs" / "worker-1.log").read_text()
