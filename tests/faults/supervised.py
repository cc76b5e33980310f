"""Code server and daemon as separate processes under a supervisor that restarts what dies, with kills on order."""

import json
import os
import re
import threading
from contextlib import suppress
from pathlib import Path
from typing import Self

import yaml

from tests.pipeline.programs import environment
from ticket_assets.settings import Settings, variable
from tickets_cli.dagster_services import DagsterServices, prepare_home
from tickets_cli.layout import PROJECT
from tickets_cli.processes import ManagedProcess, ProcessFailed, free_port

NAMES = ("raw_bucket", "enriched_bucket", "pipeline_bucket", "queue", "dead_letter_queue", "table")
HOOK = Path(__file__).with_name("hook")
# Kills come faster here than three a batch, and a test has no minute for each.
BRISK = {
    "run_retries": {"enabled": True, "max_retries": 5},
    "run_monitoring": {"poll_interval_seconds": 1, "start_timeout_seconds": 30},
}


class Supervised:
    """The two services over `home`; `faults` is where kills are ordered."""

    def __init__(self, settings: Settings, root: Path) -> None:
        self.faults = root / "faults"
        self.faults.mkdir()
        home = root / "home"
        prepare_home(home)
        _quicken(home / "dagster.yaml")
        own = {variable(name): getattr(settings, name) for name in NAMES}
        sized = {"TICKETS_BATCH_SIZE": "1", "TICKETS_BATCH_WINDOW_SECONDS": "1", "TICKETS_MAX_PENDING_BATCHES": "100"}
        aws = {name: text for name, text in os.environ.items() if name.startswith("AWS_")}
        path = os.pathsep.join([str(HOOK), str(PROJECT)])
        env = environment(**aws, **own, **sized, PYTHONPATH=path, FAULT_DIR=str(self.faults))
        services = DagsterServices(home, env, root / "logs", free_port(), module="tests.faults.definitions")
        self._starts = [services.start_code_server, services.start_daemon]
        self._running: list[ManagedProcess | None] = [None, None]
        self._stopping = threading.Event()
        self.home = home
        self.starts = 0

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._supervise)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()
        for process in self._running:
            if process:
                process.stop(1)

    def arm(self, name: str, at: str, *, spares: bool = False) -> None:
        """Kill the first process that reaches the boundary; where it `spares`, none for a batch that suffered twice."""
        order = self.faults / f"{name}.order"
        order.write_text(json.dumps({"at": at, "spares": spares}))
        order.rename(self.faults / f"{name}.armed")

    def fired(self) -> dict[str, str]:
        """Who died, by the name of the kill: daemon, code server or run worker."""
        return {path.stem: _role(path.read_text()) for path in self.faults.glob("*.fired")}

    def _supervise(self) -> None:
        while not self._stopping.wait(0.2):
            for n, start in enumerate(self._starts):
                process = self._running[n]
                if process is None or process.ended_within(0):
                    self._running[n] = None
                    with suppress(ProcessFailed):
                        self._running[n] = start()
                        self.starts += 1


def _role(command: str) -> str:
    if "dagster._daemon" in command:
        return "daemon"
    return "code server" if re.search(r"api grpc", command) else "run worker"


def _quicken(settings: Path) -> None:
    template = yaml.safe_load(settings.read_text())
    for name, changes in BRISK.items():
        template[name] = {**template[name], **changes}
    settings.write_text(yaml.safe_dump(template))
