"""Dagster's processes: one code server that loads the definitions, the daemon, and the web page over both."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import dagster as dg
import yaml

from tickets_cli.layout import PROJECT
from tickets_cli.processes import ManagedProcess, ProcessFailed, is_listening

START_SECONDS = 120
# A sensor that polls the queue would hold the code server for 20 s. What a kill interrupts is done again.
STOP_SECONDS = 4


def prepare_home(home: Path, *, refresh: bool = False) -> None:
    """Make Dagster's home, with the project's dagster.yaml for as many runs at a time as there are cores.

    A dagster.yaml that stands there is left as it is unless `refresh` asks for the project's own again.
    Creates the instance's databases before two processes open them at once.
    """
    home.mkdir(parents=True, exist_ok=True)
    settings = home / "dagster.yaml"
    if refresh or not settings.exists():
        template = yaml.safe_load(Path(__file__).with_name("dagster.yaml").read_text())
        template["run_coordinator"]["config"]["max_concurrent_runs"] = os.cpu_count() or 1
        settings.write_text(yaml.safe_dump(template))
    with dg.DagsterInstance.from_config(str(home)) as instance:
        instance.get_runs_count()


class DagsterServices:
    """The processes over one home; `environment` is theirs, `module` holds the definitions that they load."""

    def __init__(
        self,
        home: Path,
        environment: Mapping[str, str],
        logs: Path,
        port: int,
        module: str = "ticket_assets.definitions",
    ) -> None:
        self._environment = {**environment, "DAGSTER_HOME": str(home)}
        self._logs = logs
        self._port = port
        self._module = module
        self._workspace = home / "workspace.yaml"

    def start_code_server(self) -> ManagedProcess:
        """Load the definitions once for daemon and web page. Raises ProcessFailed, with their error."""
        location = {"host": "127.0.0.1", "port": self._port, "location_name": "tickets"}
        self._workspace.write_text(yaml.safe_dump({"load_from": [{"grpc_server": location}]}))
        place = ["--host", "127.0.0.1", "--port", str(self._port), "--working-directory", str(PROJECT)]
        server = self._start("code-server", "dagster", "api", "grpc", "-m", self._module, *place)
        server.wait_until(lambda: is_listening(self._port), START_SECONDS)
        return server

    def start_daemon(self) -> ManagedProcess:
        """The daemon: sensors, queue of runs, retries."""
        return self._start("dagster-daemon", "dagster-daemon", "run", "-w", str(self._workspace))

    def start_webserver(self, port: int) -> ManagedProcess:
        """The web page at `port`."""
        place = ["-h", "127.0.0.1", "-p", str(port)]
        server = self._start("dagster-webserver", "dagster-webserver", "-w", str(self._workspace), *place)
        server.wait_until(lambda: _answers(f"http://127.0.0.1:{port}/server_info"), START_SECONDS)
        return server

    def _start(self, name: str, program: str, *arguments: str) -> ManagedProcess:
        path = Path(sys.executable).with_name(program)
        if not path.exists():
            raise ProcessFailed(f"{program} is not installed beside {sys.executable}: run `make install`")
        return ManagedProcess(name, [str(path), *arguments], self._environment, self._logs / f"{name}.log")


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=2) as response:  # noqa: S310 - our own page
            return response.status == 200  # noqa: PLR2004
    except (URLError, OSError):
        return False
