"""`tickets up` and what goes with it, as one terminal runs them on one state."""

import signal
import sys
import uuid
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import dagster as dg
from dagster._core.events import DagsterEvent, DagsterEventType
from typer.testing import CliRunner, Result

from resources.aws import client
from resources.queue import SqsQueue
from tests.pipeline.programs import UP, environment
from ticket_assets.settings import load_settings
from tickets_cli.main import app
from tickets_cli.processes import ManagedProcess, free_port, is_listening
from tickets_cli.stack import Ports

HIDDEN = 20  # seconds that the queue hides a message from others, as one that a tick held which was cut; not 300
RUNS = "Stop with Ctrl-C."
TICKETS = str(Path(sys.executable).with_name("tickets"))


@dataclass
class Terminal:
    """Runs the command on one state; what is left of it in the end is killed."""

    state: Path
    ports: Ports = field(default_factory=Ports.free)

    def __post_init__(self) -> None:
        self.environment = environment(TICKETS_STATE_DIR=str(self.state), TICKETS_BATCH_WINDOW_SECONDS="1")
        served = {"--aws-port": self.ports.aws, "--ui-port": self.ports.ui, "--metrics-port": self.ports.metrics}
        served |= {"--board-port": self.ports.board}
        self.place = [text for option, port in served.items() for text in (option, str(port))]

    def up(self, *options: str, until: str = RUNS) -> ManagedProcess:
        log = self.state.with_name(f"up-{free_port()}.log")
        process = ManagedProcess("tickets up", [TICKETS, "up", *self.place, *options], self.environment, log)
        process.wait_until(lambda: until in log.read_text(), UP)
        return process

    def run(self, *arguments: str) -> Result:
        """A command that ends by itself, in this process."""
        env = {**self.environment, "AWS_ENDPOINT_URL": self.ports.endpoint, "COLUMNS": "200"}
        before = signal.getsignal(signal.SIGTERM)
        try:
            return CliRunner(env=env).invoke(app, arguments)
        finally:
            signal.signal(signal.SIGTERM, before)

    def refused(self) -> str:
        """What a start says that is refused."""
        result = self.run("up", *self.place)
        assert result.exit_code == 1
        return result.stderr

    def listening(self) -> list[int]:
        served = (self.ports.aws, self.ports.ui, self.ports.metrics, self.ports.board)
        return [port for port in served if is_listening(port)]

    @cached_property
    def instance(self) -> dg.DagsterInstance:
        """The stack's own, once it has been up; to open it costs more than all that is asked of it."""
        return dg.DagsterInstance.from_config(str(self.state / "dagster"))

    def hide_briefly(self) -> None:
        """Messages that a cut tick held are seen again within the test's patience."""
        queue = SqsQueue(name=load_settings().queue)
        client("sqs").set_queue_attributes(QueueUrl=queue.url, Attributes={"VisibilityTimeout": str(HIDDEN)})

    def runs(self, *statuses: dg.DagsterRunStatus) -> list[dg.DagsterRun]:
        return list(self.instance.get_runs(dg.RunsFilter(statuses=statuses)))

    def starting(self, run: dg.DagsterRun) -> str:
        """A run like `run` that was launched just now, and whose process never came so far as to say that it began."""
        lost = run.run_id[:-8] + uuid.uuid4().hex[:8]
        launched = DagsterEvent(DagsterEventType.PIPELINE_STARTING.value, run.job_name)
        self.instance.add_run(run._replace(run_id=lost, status=dg.DagsterRunStatus.NOT_STARTED))
        self.instance.report_dagster_event(launched, lost)
        return lost

    def ends(self, *run_ids: str) -> list[float]:
        """When those of the runs ended that did, as Dagster recorded it."""
        records = self.instance.get_run_records(dg.RunsFilter(run_ids=run_ids))
        return [record.end_time for record in records if record.end_time]
