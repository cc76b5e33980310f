"""The whole system on this machine: AWS server, code server, daemon and web page, over state that outlives it."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ticket_assets.settings import load_settings
from tickets_cli.aws_server import start_aws_server
from tickets_cli.dagster_services import RUNS_SECONDS, DagsterServices, prepare_home
from tickets_cli.layout import dagster_home
from tickets_cli.processes import ManagedProcess, ProcessFailed, free_port, is_listening, locked, undisturbed
from tickets_cli.provisioning import provision

if TYPE_CHECKING:
    from tickets_cli.scale_out import ScaleOut


class Ports(NamedTuple):
    """Where the stack listens, on 127.0.0.1 alone."""

    aws: int
    ui: int
    code: int
    metrics: int
    board: int

    @classmethod
    def free(cls) -> "Ports":
        return cls(*(free_port() for _ in cls._fields))

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.aws}"

    @property
    def page(self) -> str:
        return f"http://127.0.0.1:{self.ui}"

    @property
    def triage(self) -> str:
        return f"http://127.0.0.1:{self.board}"


class Stack:
    """The running processes. `state` is this stack's alone while it runs."""

    def __init__(
        self,
        state: Path,
        ports: Ports,
        say: Callable[[str], None],
        workers: int = 0,
        module: str = "ticket_assets.definitions",
    ) -> None:
        """With `workers`, runs are executed by so many warm workers; else each in a process of its own."""
        self._state = state
        self._module = module
        self._workers = workers
        self._scale_out = _scale_out(workers, state) if workers else None
        self._say = say
        self._aws: ManagedProcess | None = None
        self._services: DagsterServices | None = None
        self._generator: ManagedProcess | None = None
        self._served = ExitStack()  # by threads of this process: a process of its own would cost 150 MB
        self.ports = ports

    def start(self, *, generator: bool = False) -> None:
        """Start everything in order. Raises ProcessFailed; what was started then still must be stopped."""
        logs, home = self._state / "logs", dagster_home()
        self._aws = start_aws_server(self.ports.aws, self._state / "aws", logs / "aws.log")
        self._say(f"AWS server on {self.ports.endpoint}")
        os.environ["AWS_ENDPOINT_URL"] = self.ports.endpoint
        for _ in provision(load_settings()):
            pass
        self._prepare(home)
        self._services = DagsterServices(home, os.environ, logs, self.ports.code, self._module)
        self._services.start_code_server()
        self._say("assets and sensors loaded")
        self._services.start_daemon()
        if self._scale_out:
            self._scale_out.start_workers(home, os.environ, self._module)
            self._say(f"{self._workers} warm workers started")
        self._services.start_webserver(self.ports.ui)
        self._say(f"Dagster UI on {self.ports.page}")
        self._say(f"metrics on {self._served.enter_context(self._serve_metrics())}")
        self._say(f"triage page on {self._served.enter_context(self._serve_board())}")
        if generator:
            command = [sys.executable, "-m", "ticket_generator.main"]
            self._generator = ManagedProcess("ticket-generator", command, os.environ, logs / "ticket-generator.log")
            self._say("ticket generator running")

    def _serve_metrics(self) -> AbstractContextManager[str]:
        from tickets_cli.metrics_server import serving  # loads the definitions

        return serving(load_settings(), self.ports.metrics)

    def _serve_board(self) -> AbstractContextManager[str]:
        from tickets_cli.boarding import serving  # loads a web server

        return serving(load_settings(), self.ports.board, dagster=self.ports.page, corrects=True)

    def _prepare(self, home: Path) -> None:
        ours = home.is_relative_to(self._state)
        if self._scale_out is None:
            prepare_home(home, refresh=ours)
            return
        if not ours:
            raise ProcessFailed(f"workers need a Dagster home of their own: unset DAGSTER_HOME ({home})")
        self._scale_out.start_databases()
        self._say("Redis and Postgres running")
        prepare_home(home, refresh=True, runs=self._workers, changes=self._scale_out.settings)

    @property
    def pids(self) -> list[int]:
        """The stack's own process and those it started."""
        single = [process.pid for process in (self._aws, self._generator) if process]
        return [os.getpid(), *single, *(pid for part in (self._services, self._scale_out) if part for pid in part.pids)]

    def check(self) -> None:
        """Raises ProcessFailed if any process has ended that is not started again."""
        for part in (self._aws, self._services, self._scale_out, self._generator):
            if part:
                part.check()

    def stop(self, hurry: Callable[[], bool] = lambda: False) -> int:
        """Stop everything; the AWS server last, since the others still write to it. Returns how many runs were cut."""
        if self._generator:
            self._generator.terminate()
        self._served.close()
        deadline = time.monotonic() + RUNS_SECONDS
        with ExitStack() as ending:  # what is named last ends first, whatever becomes of the others
            for process in (self._aws, self._generator):
                if process:
                    ending.callback(process.stop)
            if self._scale_out:
                self._scale_out.end_after_runs()
                ending.callback(self._scale_out.stop, deadline, hurry)
            cut = self._services.stop(hurry) if self._services else 0
        return cut + (self._scale_out.cut if self._scale_out else 0)


def _scale_out(workers: int, state: Path) -> "ScaleOut":
    try:
        from tickets_cli.scale_out import ScaleOut
    except ImportError as error:
        raise ProcessFailed(f"{error.name} is not installed: pip install -e '.[workers]'") from error
    return ScaleOut(workers, state, state / "logs")


@contextmanager
def running_stack(
    state: Path, ports: Ports, say: Callable[[str], None], *, generator: bool = False, **how: Any
) -> Iterator[Stack]:
    """A started stack, stopped in the end whatever happens."""
    load_settings()  # a bad value is refused before anything starts
    with locked(dagster_home()) as note:
        for port in ports:
            if is_listening(port):
                raise ProcessFailed(f"port {port} is taken: stop what listens there, or choose another")
        stack = Stack(state, ports, say, **how)
        try:
            stack.start(generator=generator)
            note(f"pids {', '.join(map(str, stack.pids))}; UI {ports.page}; AWS {ports.endpoint}")
            yield stack
        finally:
            with undisturbed() as hurry:
                say(f"stopping …  (what runs gets {RUNS_SECONDS} s to end; press Ctrl-C again to cut it short)")
                started = time.monotonic()
                cut = stack.stop(hurry)
            if cut:
                say(f"{cut} runs were cut: their batches are run again at the next start")
            say(f"stopped in {time.monotonic() - started:.0f} s; the state is kept in {state}")
