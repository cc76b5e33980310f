"""Dagster's processes: one code server that loads the definitions, the daemon, and the web page over both."""

import importlib.util
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import dagster as dg
import yaml
from dagster._core.events import JobFailureData, RunFailureReason
from dagster._core.storage.tags import GRPC_INFO_TAG

from sensors.stopping import STOPPED, announce, withdraw
from tickets_cli.layout import PROJECT, dagster_home
from tickets_cli.processes import ManagedProcess, ProcessFailed, is_listening, one_at_a_time, seldom

START_SECONDS = 120
# All in all a stop must take under 30 s, which is what a pod gets: these two and the AWS server's own grace.
RUNS_SECONDS = 15  # that ticks and runs in progress have to end by themselves
PAGE_SECONDS = 4  # a page that is open in a browser holds the web server
CODE_SERVER, DAEMON, WEB_SERVER = "code-server", "dagster-daemon", "dagster-webserver"
WEB_MODULE = "dagster_webserver"


def prepare_home(
    home: Path, *, refresh: bool = False, runs: int | None = None, changes: Mapping[str, Any] = MappingProxyType({})
) -> None:
    """Make Dagster's home, with the project's dagster.yaml for so many `runs` at a time (None: as there are cores).

    A dagster.yaml that stands there is left as it is unless `refresh` asks for the project's own again; `changes`
    replace sections of it.
    Creates the instance's databases before two processes open them at once; of several that call this one at a time.
    """
    home.mkdir(parents=True, exist_ok=True)
    settings = home / "dagster.yaml"
    with one_at_a_time(home / "preparing"):
        if refresh or not settings.exists():
            template = yaml.safe_load(Path(__file__).with_name("dagster.yaml").read_text())
            template["run_coordinator"]["config"]["max_concurrent_runs"] = runs or os.cpu_count() or 1
            settings.write_text(yaml.safe_dump(template | dict(changes)))
        with dg.DagsterInstance.from_config(str(home)) as instance:
            instance.get_runs_count()


def existing_instance() -> dg.DagsterInstance | None:
    """The instance of Dagster's home, None where there is none yet."""
    home = dagster_home()
    return dg.DagsterInstance.from_config(str(home)) if (home / "dagster.yaml").exists() else None


class DagsterServices:
    """The processes over one home; `environment` is theirs, `module` holds the definitions."""

    def __init__(
        self,
        home: Path,
        environment: Mapping[str, str],
        logs: Path,
        port: int,
        module: str = "ticket_assets.definitions",
        runs_seconds: float = RUNS_SECONDS,
    ) -> None:
        """`runs_seconds` are those that a stop gives to ticks and runs in progress."""
        self._home = home
        self._runs_seconds = runs_seconds
        self._processes: dict[str, ManagedProcess] = {}
        # As many runs at a time as there are cores: with more than one thread each they would be in each other's way.
        self._environment = {"OMP_NUM_THREADS": "1", **environment, "DAGSTER_HOME": str(home)}
        self._logs = logs
        self._port = port
        self._module = module
        self._workspace = home / "workspace.yaml"

    def start_code_server(self) -> ManagedProcess:
        """Load the definitions once for daemon and web page. Raises ProcessFailed, with their error."""
        location = {"host": "127.0.0.1", "port": self._port, "location_name": "tickets"}
        self._workspace.write_text(yaml.safe_dump({"load_from": [{"grpc_server": location}]}))
        withdraw(self._home)
        place = ["--host", "127.0.0.1", "--port", str(self._port), "--working-directory", str(PROJECT)]
        server = self._start(CODE_SERVER, "dagster", "api", "grpc", "-m", self._module, *place)
        server.wait_until(lambda: is_listening(self._port), START_SECONDS)
        return server

    def start_daemon(self) -> ManagedProcess:
        """The daemon: sensors, queue of runs, retries."""
        return self._start(DAEMON, "dagster._daemon", "run", "-w", str(self._workspace))

    def start_webserver(self, port: int) -> ManagedProcess:
        """The web page at `port`."""
        place = ["-h", "127.0.0.1", "-p", str(port)]
        server = self._start(WEB_SERVER, WEB_MODULE, "-w", str(self._workspace), *place)
        server.wait_until(lambda: answers(f"http://127.0.0.1:{port}/server_info"), START_SECONDS)
        return server

    @property
    def pids(self) -> list[int]:
        """The processes that were started."""
        return [process.pid for process in self._processes.values()]

    def check(self) -> None:
        """Raises ProcessFailed if any process has ended."""
        for process in self._processes.values():
            process.check()

    def stop(self, hurry: Callable[[], bool] = lambda: False) -> int:
        """Let ticks and runs in progress end, for `runs_seconds` or until `hurry`, then end all; returns the runs cut.

        The daemon ends before the code server, where it would start new runs; the code server, asked to end, does
        so after its last run.
        """
        if not self._processes:
            return 0
        deadline = time.monotonic() + self._runs_seconds
        announce(self._home)
        if WEB_SERVER in self._processes:
            self._processes[WEB_SERVER].terminate()
        self._end(DAEMON, self._runs_seconds / 2, hurry)
        # A daemon that ended by itself has seen its tick end: then only runs are waited for.
        ticking = deadline - time.monotonic() < self._runs_seconds / 2
        try:
            with dg.DagsterInstance.from_config(str(self._home)) as instance:
                at_work = seldom(lambda: self._runs(instance))
                self._end(CODE_SERVER, deadline - time.monotonic(), lambda: hurry() or not (ticking or at_work()))
                cut = self._fail_cut_runs(instance)
        finally:  # Dagster's database may be out of order
            self._end(CODE_SERVER, 0, hurry)
            self._end(WEB_SERVER, PAGE_SECONDS, hurry)
        withdraw(self._home)
        return cut

    def _fail_cut_runs(self, instance: dg.DagsterInstance) -> int:
        """So that the next start retries them at once, instead of when their processes are found to be gone."""
        reason = JobFailureData(error=None, failure_reason=RunFailureReason.UNEXPECTED_TERMINATION)
        cut = self._runs(instance)
        for run in cut:
            instance.report_run_failed(run, STOPPED, reason)
        return len(cut)

    def _end(self, name: str, seconds: float, hurry: Callable[[], bool]) -> None:
        if name in self._processes:
            self._processes.pop(name).stop(max(0, seconds), hurry)

    def _runs(self, instance: dg.DagsterInstance) -> list[dg.DagsterRun]:
        """The runs that this code server has in progress."""
        ours = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]
        return [run for run in instance.get_runs(dg.RunsFilter(statuses=ours)) if self._launched(run)]

    def _launched(self, run: dg.DagsterRun) -> bool:
        return json.loads(run.tags.get(GRPC_INFO_TAG, "{}")).get("port") == self._port

    def _start(self, name: str, module: str, *arguments: str) -> ManagedProcess:
        process = ManagedProcess(name, command(module, *arguments), self._environment, self._logs / f"{name}.log")
        self._processes[name] = process
        return process


def command(module: str, *arguments: str) -> list[str]:
    """A program of Dagster, run as a module, since it need not lie beside the interpreter. Raises ProcessFailed."""
    if importlib.util.find_spec(module) is None:
        raise ProcessFailed(f"{module} is not installed for {sys.executable}: run `make install`")
    return [sys.executable, "-m", module, *arguments]


def answers(url: str) -> bool:
    """Whether a page is there."""
    try:
        with urlopen(url, timeout=2) as response:  # noqa: S310 - our own page
            return response.status == 200  # noqa: PLR2004
    except (URLError, OSError):
        return False
