"""The soak's supervisor and its killer: SIGKILL for a random process, and what a supervisor starts again is started."""

import os
import re
import signal
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from random import Random

import dagster as dg

from tickets_cli.dagster_services import DagsterServices
from tickets_cli.processes import ManagedProcess, ProcessFailed

RUN_WORKER = "run worker"
WORKER_PID = re.compile(r"Started process for run \(pid: (\d+)\)")
GONE_SECONDS = 10


class Supervised:
    """The code server, the daemon and the web server, each started again when it is gone."""

    def __init__(self, services: DagsterServices, ui_port: int, seed: int) -> None:
        self._start: dict[str, Callable[[], ManagedProcess]] = {
            "code server": services.start_code_server,
            "daemon": services.start_daemon,
            "web server": lambda: services.start_webserver(ui_port),
        }
        self._random = Random(seed)
        self._running: dict[str, ManagedProcess] = {}
        self._code_servers: set[int] = set()
        self.kills: Counter[str] = Counter()
        self.died: Counter[str] = Counter()

    def watch(self) -> list[str]:
        """Start what is not running; returns what had ended without being killed by us."""
        ended = [name for name, process in self._running.items() if process.ended_within(0)]
        self.died.update(ended)
        for name, start in self._start.items():
            if name not in self._running or name in ended:
                self._running[name] = start()
                if name == "code server":
                    self._code_servers.add(self._running[name].pid)
        return ended

    def kill_one(self, instance: dg.DagsterInstance) -> str:
        """SIGKILL one of the processes or one of the run workers, and start again what a supervisor starts.

        Returns what was killed. Raises ProcessFailed where it does not go or does not come back.
        """
        workers = self._workers(instance)
        victims = [*self._start, RUN_WORKER] if workers else list(self._start)
        name = self._random.choice(victims)
        if name == RUN_WORKER:
            pid = self._random.choice(workers)
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        else:
            killed = self._running.pop(name)
            pid = killed.pid
            killed.kill()
            if not killed.ended_within(GONE_SECONDS):
                raise ProcessFailed(f"{name} is still there {GONE_SECONDS} s after SIGKILL")
        self.kills[name] += 1
        self.watch()
        return f"{name} {pid}"

    def _workers(self, instance: dg.DagsterInstance) -> list[int]:
        """The processes of runs in progress that our code servers started, also those that outlived theirs."""
        found = []
        for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])):
            entries = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ENGINE_EVENT)
            matches = [WORKER_PID.search(entry.message) for entry in entries]
            found += [int(match[1]) for match in matches if match and self._is_ours(int(match[1]))]
        return found

    def _is_ours(self, pid: int) -> bool:
        try:
            return os.getpgid(pid) in self._code_servers  # a pid of a run long gone may be another's by now
        except ProcessLookupError:
            return False
