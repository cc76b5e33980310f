"""A warm worker: a process that executes one run after another and keeps what they load (definitions, models).

`python -m resources.workers.worker NAME MODULE PREPARATION` over the instance of DAGSTER_HOME. It executes runs of
MODULE's `defs`, after PREPARATION's `warm_up` has loaded what they need. SIGUSR2 asks it to end after the run in hand;
so does the end of its parent. Celery brings the tasks; a thread tells Redis that the worker lives, since a solo worker
at work hears nobody.
"""

import importlib
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import dagster as dg
import redis
from celery import signals
from celery.worker import state as celery_state
from dagster._cli.api import _execute_run_command_body

from resources.display import plain
from resources.workers.pulse import Pulse
from resources.workers.run_launcher import TASK, WarmRunLauncher

BEAT_SECONDS = 1.0
LISTEN_SECONDS = 0.2  # Celery's loop looks so often whether it is to stop
CANCEL_SECONDS = 60  # that a canceled run has to unwind; code that hears no interrupt ends with its worker
STATEMENT_MILLISECONDS = 60_000
RECYCLE_SECONDS = 60  # a database that was restarted meanwhile has dropped older connections
END_AFTER_RUN = signal.SIGUSR2

_log = logging.getLogger(__name__)


class Worker:
    """What the process knows of itself, and the thread that tells it."""

    def __init__(self, name: str, pulse: Pulse, load: Callable[[], None]) -> None:
        self._name = name
        self._load = load
        self._loaded = False
        self._pulse = pulse
        self._run: str | None = None
        self._state: dict[str, Any] = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "since": time.time(),
            "runs": 0,
            "ready": False,
            "trouble": None,
        }
        self._canceled_at: float | None = None
        self._parent = os.getppid()

    def start(self) -> None:
        """Tell from now on."""
        threading.Thread(target=self._tell, name="pulse", daemon=True).start()

    def prepare(self) -> None:
        """Load what runs need, unless that is done. What fails is told, and left to the runs, which say it too."""
        if self._loaded:
            return
        try:
            self._load()
            self._loaded, self._state["trouble"] = True, None
        except Exception as error:  # noqa: BLE001 - models raise what they like
            _log.exception("runs will fail: what they need cannot be loaded")
            self._state["trouble"] = plain(f"{type(error).__name__}: {error}")

    def ready(self) -> None:
        """Tasks are taken."""
        self._state["ready"] = True
        self._beat()

    @contextmanager
    def at_work(self, run_id: str) -> Iterator[None]:
        """The run is in hand; it is known to be before it begins, where Redis hears."""
        self._run, self._canceled_at = run_id, None
        self._beat()
        try:
            yield
        finally:
            self._run = None
            self._state["runs"] += 1
            with suppress(redis.RedisError):
                self._pulse.ended(run_id)
            self._beat()

    def _tell(self) -> None:
        while True:
            time.sleep(BEAT_SECONDS)
            self._beat()
            with suppress(redis.RedisError):
                self._heed_cancel()
            if os.getppid() != self._parent:
                os.kill(os.getpid(), END_AFTER_RUN)

    def _beat(self) -> None:
        try:
            self._pulse.beat(self._name, {**self._state, "run": self._run})
        except redis.RedisError as error:
            _log.warning("no pulse: %s", error)  # the next beat is a second away

    def _heed_cancel(self) -> None:
        run_id = self._run
        if run_id is None:
            return
        if self._canceled_at is None and self._pulse.is_canceled(run_id):
            self._canceled_at = time.monotonic()
            if self._run != run_id:
                return  # it ended while Redis was asked
            os.kill(os.getpid(), signal.SIGINT)  # which Dagster turns into the end of the run
        elif self._canceled_at and time.monotonic() - self._canceled_at > CANCEL_SECONDS:
            os.kill(os.getpid(), signal.SIGKILL)


def execute(instance: dg.DagsterInstance, worker: Worker, pulse: Pulse, run_id: str) -> None:
    """Execute the run unless it was taken before, canceled or failed meanwhile: a task may come again."""
    run = instance.get_run_by_id(run_id)
    if run is None or run.status is not dg.DagsterRunStatus.STARTING or not pulse.claim(run_id):
        _log.warning("run %s is %s and is left alone", run_id, run.status.value if run else "unknown")
        return
    with worker.at_work(run_id):
        worker.prepare()
        _execute_run_command_body(run_id, instance, lambda _: None, set_exit_code_on_failure=False)


def keep_connections(instance: dg.DagsterInstance) -> None:
    """A run writes some eighty events; a connection for each, as is Dagster's way, costs a fifth of its time."""
    for storage in (instance.run_storage, instance.event_log_storage):
        storage.optimize_for_webserver(STATEMENT_MILLISECONDS, pool_recycle=RECYCLE_SECONDS, max_overflow=5)


def main(name: str, module: str, preparation: str) -> None:
    """Work until asked to end."""
    definitions = importlib.import_module(module).defs  # code that does not load takes no run
    warm_up = importlib.import_module(preparation).warm_up
    with dg.DagsterInstance.get() as instance:
        launcher = instance.run_launcher
        if not isinstance(launcher, WarmRunLauncher):
            sys.exit(f"the instance of DAGSTER_HOME launches runs by {type(launcher).__name__}, not by workers")
        worker = Worker(name, launcher.pulse, lambda: warm_up(definitions))
        app = launcher.celery
        keep_connections(instance)

        @app.task(name=TASK)
        def execute_run(run_id: str) -> None:
            execute(instance, worker, launcher.pulse, run_id)

        @signals.worker_ready.connect(weak=False)
        def on_ready(sender: Any, **_: Any) -> None:
            signal.signal(END_AFTER_RUN, lambda *_: setattr(celery_state, "should_stop", 0))
            sender.timer.call_repeatedly(LISTEN_SECONDS, lambda: None)
            worker.ready()

        worker.start()
        worker.prepare()
        quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        app.worker_main(["worker", "--loglevel", "WARNING", "-n", f"{name}@%h", "-Q", launcher.default_queue, *quiet])


if __name__ == "__main__":
    main(*sys.argv[1:])
