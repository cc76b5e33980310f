"""The whole system on this machine: AWS server, code server, daemon and web page, over state that outlives it."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from ticket_assets.settings import load_settings
from tickets_cli.aws_server import start_aws_server
from tickets_cli.dagster_services import RUNS_SECONDS, DagsterServices, prepare_home
from tickets_cli.layout import dagster_home
from tickets_cli.processes import ManagedProcess, ProcessFailed, free_port, is_listening, locked, undisturbed
from tickets_cli.provisioning import provision


class Ports(NamedTuple):
    """Where the stack listens, on 127.0.0.1 alone."""

    aws: int
    ui: int
    code: int

    @classmethod
    def free(cls) -> "Ports":
        return cls(free_port(), free_port(), free_port())

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.aws}"

    @property
    def page(self) -> str:
        return f"http://127.0.0.1:{self.ui}"


class Stack:
    """The running processes. `state` is this stack's alone while it runs."""

    def __init__(self, state: Path, ports: Ports, say: Callable[[str], None]) -> None:
        self._state = state
        self._say = say
        self._aws: ManagedProcess | None = None
        self._services: DagsterServices | None = None
        self._generator: ManagedProcess | None = None
        self.ports = ports

    def start(self, *, generator: bool = False) -> None:
        """Start everything in order. Raises ProcessFailed; what was started then still must be stopped."""
        logs, home = self._state / "logs", dagster_home()
        self._aws = start_aws_server(self.ports.aws, self._state / "aws", logs / "aws.log")
        self._say(f"AWS server on {self.ports.endpoint}")
        os.environ["AWS_ENDPOINT_URL"] = self.ports.endpoint
        for _ in provision(load_settings()):
            pass
        prepare_home(home, refresh=home.is_relative_to(self._state))
        self._services = DagsterServices(home, os.environ, logs, self.ports.code)
        self._services.start_code_server()
        self._say("assets and sensors loaded")
        self._services.start_daemon()
        self._services.start_webserver(self.ports.ui)
        self._say(f"Dagster UI on {self.ports.page}")
        if generator:
            command = [sys.executable, "-m", "ticket_generator.main"]
            self._generator = ManagedProcess("ticket-generator", command, os.environ, logs / "ticket-generator.log")
            self._say("ticket generator running")

    @property
    def pids(self) -> list[int]:
        """The stack's own process and those it started."""
        services = self._services.pids if self._services else []
        return [os.getpid(), *(process.pid for process in (self._aws, self._generator) if process), *services]

    def check(self) -> None:
        """Raises ProcessFailed if any process has ended."""
        for part in (self._aws, self._services, self._generator):
            if part:
                part.check()

    def stop(self, hurry: Callable[[], bool] = lambda: False) -> int:
        """Stop everything; the AWS server last, since the others still write to it. Returns how many runs were cut."""
        if self._generator:
            self._generator.terminate()
        try:
            return self._services.stop(hurry) if self._services else 0
        finally:
            for process in (self._generator, self._aws):
                if process:
                    process.stop()


@contextmanager
def running_stack(state: Path, ports: Ports, say: Callable[[str], None], *, generator: bool = False) -> Iterator[Stack]:
    """A started stack, stopped in the end whatever happens."""
    load_settings()  # a bad value is refused before anything starts
    with locked(dagster_home()) as note:
        for port in ports:
            if is_listening(port):
                raise ProcessFailed(f"port {port} is taken: stop what listens there, or choose another")
        stack = Stack(state, ports, say)
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
