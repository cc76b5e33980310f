"""The scale-out profile of the local stack: Redis and Postgres of its own, and warm workers that execute the runs."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import dagster as dg

from resources.workers.pulse import Pulse
from ticket_assets.settings import load_settings
from tickets_cli import databases
from tickets_cli.processes import ManagedProcess
from tickets_cli.watched_files import fingerprint
from tickets_cli.worker_pool import WorkerPool, fail

LEFT = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]


class ScaleOut:
    """`workers` of them over state in `place`; databases first, then the services that use them, then workers."""

    def __init__(self, workers: int, place: Path, logs: Path) -> None:
        self._workers, self._logs = workers, logs
        self._redis, self._postgres = place / "redis", place / "postgres"
        self._databases: list[ManagedProcess] = []
        self._home: Path | None = None
        self.pool: WorkerPool | None = None
        self.cut = 0  # runs that the stop did not let end

    def start_databases(self) -> None:
        """Raises ProcessFailed, naming the package where a program is missing."""
        databases.find("redis-server", package="redis-server")  # before the other is started
        self._databases.append(databases.start_postgres(self._postgres, self._logs / "postgres.log"))
        self._databases.append(databases.start_redis(self._redis, self._logs / "redis.log"))

    @property
    def settings(self) -> dict[str, Any]:
        """What dagster.yaml says in place of the project's own."""
        return {
            "storage": {"postgres": {"postgres_url": databases.postgres_url(self._postgres)}},
            "run_launcher": {
                "module": "resources.workers.run_launcher",
                "class": "WarmRunLauncher",
                "config": {"broker": databases.broker(self._redis)},
            },
        }

    def start_workers(self, home: Path, environment: Mapping[str, str], module: str) -> WorkerPool:
        """Start them over Dagster's home, for the definitions of `module`; they are not waited for."""
        settings = load_settings()
        pulse = Pulse(databases.broker(self._redis))
        self._home = home
        self.pool = WorkerPool(
            self._workers, home, environment, self._logs, module, pulse, lambda: fingerprint(settings, module)
        )
        return self.pool

    @property
    def pids(self) -> list[int]:
        """Databases and workers."""
        return [process.pid for process in self._databases] + (self.pool.pids if self.pool else [])

    def check(self) -> None:
        """Raises ProcessFailed if a database has ended; workers that end are started again."""
        for process in self._databases:
            process.check()

    def end_after_runs(self) -> None:
        """Let the workers take no more runs."""
        if self.pool:
            self.pool.terminate()

    def stop(self, deadline: float, hurry: Callable[[], bool]) -> None:
        """Let the runs in hand end until `deadline` (of the monotonic clock), then end workers and databases.

        A run that no worker has taken is cut too: whoever starts next runs its batch again.
        """
        try:
            if self.pool and self._home:
                self.cut = self.pool.stop(max(0, deadline - time.monotonic()), hurry)
                with dg.DagsterInstance.from_config(str(self._home)) as instance:
                    for run in instance.get_runs(dg.RunsFilter(statuses=LEFT)):
                        self.cut += fail(instance, run.run_id, None)
        finally:
            for process in reversed(self._databases):
                process.stop()
