"""The whole system on this machine: AWS server, code server, daemon and web page, over state that outlives it."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from ticket_assets.settings import load_settings
from tickets_cli.aws_server import start_aws_server
from tickets_cli.dagster_services import STOP_SECONDS, DagsterServices, prepare_home
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
        self._processes: list[ManagedProcess] = []
        self.ports = ports

    def start(self, *, generator: bool = False) -> None:
        """Start everything in order. Raises ProcessFailed; what was started then still must be stopped."""
        logs, home = self._state / "logs", dagster_home()
        self._processes.append(start_aws_server(self.ports.aws, self._state / "aws", logs / "aws.log"))
        self._say(f"AWS server on {self.ports.endpoint}")
        os.environ["AWS_ENDPOINT_URL"] = self.ports.endpoint
        for _ in provision(load_settings()):
            pass
        prepare_home(home, refresh=home.is_relative_to(self._state))
        services = DagsterServices(home, os.environ, logs, self.ports.code)
        self._processes.append(services.start_code_server())
        self._say("assets and sensors loaded")
        self._processes.append(services.start_daemon())
        self._processes.append(services.start_webserver(self.ports.ui))
        self._say(f"Dagster UI on {self.ports.page}")
        if generator:
            command = [sys.executable, "-m", "ticket_generator.main"]
            self._processes.append(
                ManagedProcess("ticket-generator", command, os.environ, logs / "ticket-generator.log")
            )
            self._say("ticket generator running")

    @property
    def pids(self) -> list[int]:
        """The stack's own process and those it started."""
        return [os.getpid(), *(process.pid for process in self._processes)]

    def check(self) -> None:
        """Raises ProcessFailed if any process has ended."""
        for process in self._processes:
            process.check()

    def stop(self) -> None:
        """Stop everything; the AWS server last, since the others still write to it."""
        if not self._processes:
            return
        server, *others = self._processes
        with ThreadPoolExecutor(len(others) or 1) as pool:
            list(pool.map(lambda process: process.stop(STOP_SECONDS), others))
        server.stop()
        self._processes.clear()


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
            with undisturbed():
                say("stopping …")
                started = time.monotonic()
                stack.stop()
            say(f"stopped in {time.monotonic() - started:.0f} s; the state is kept in {state}")
