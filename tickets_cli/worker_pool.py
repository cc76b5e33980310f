"""Keeps warm workers alive: starts again what ended, lets them load anew what changed, reports what died with its run.

A supervisor that sees its worker die knows what Dagster cannot: whether the process died in the midst of a run (which
hints at a ticket), or was stopped.
"""

import logging
import os
import shutil
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import dagster as dg
import redis
from dagster._core.events import JobFailureData, RunFailureReason
from dagster._utils import get_run_crash_explanation

from resources.workers.pulse import Pulse
from resources.workers.worker import END_AFTER_RUN
from sensors.stopping import STOPPED
from tickets_cli import warm_up
from tickets_cli.processes import ManagedProcess
from tickets_cli.watched_files import Fingerprint

LOOK_SECONDS = 0.2
WATCH_SECONDS = 2.0
# A worker that ends so soon after its start would do so again: it is started again after a pause that doubles.
SOON, FIRST_PAUSE, LONGEST_PAUSE = 20.0, 1.0, 30.0
MOST_LOG_BYTES = 64 * 2**20

_log = logging.getLogger(__name__)


class Slot:
    """One worker after another under one name."""

    def __init__(self, name: str, start: Callable[[str], ManagedProcess]) -> None:
        self.name = name
        self._start = start
        self._pause = FIRST_PAUSE
        self._begin()

    def _begin(self) -> None:
        self.process = self._start(self.name)
        self._begun = time.monotonic()

    def begin_again(self) -> None:
        """Start the next worker, not at once where the last one did not live long."""
        lived = time.monotonic() - self._begun
        if lived >= SOON or self.process.exit_code == 0:
            self._pause = FIRST_PAUSE
        elif lived < self._pause:
            return
        else:
            self._pause = min(2 * self._pause, LONGEST_PAUSE)
        self._begin()


class WorkerPool:
    """`count` workers over Dagster's `home`, with the definitions of `module`, that reload when `watched` changes."""

    def __init__(
        self,
        count: int,
        home: Path,
        environment: Mapping[str, str],
        logs: Path,
        module: str,
        pulse: Pulse,
        watched: Callable[[], Fingerprint],
    ) -> None:
        self._home, self._logs, self._module, self._pulse, self._watched = home, logs, module, pulse, watched
        # As many workers as cores: with more than one thread each they would be in each other's way.
        self._environment = {"OMP_NUM_THREADS": "1", **environment, "DAGSTER_HOME": str(home)}
        self._stopping = threading.Event()
        self._seen = watched()
        self._looked = time.monotonic()
        self._reported: set[int] = set()
        self._cut: list[tuple[str, int | None]] = []  # runs that ended with their process, until Dagster is told
        place = f"{socket.gethostname()}-{os.getpid()}"  # workers of other pools share the Redis
        self._slots = [Slot(f"{place}-{number}", self._start) for number in range(1, count + 1)]
        self._thread = threading.Thread(target=self._tend, name="worker-pool", daemon=True)
        self._thread.start()

    @property
    def pids(self) -> list[int]:
        """The workers' processes."""
        return [slot.process.pid for slot in self._slots]

    def all_ready(self) -> bool:
        """Whether every worker of this pool takes runs."""
        words = {word["pid"]: word for word in self._pulse.workers().values()}
        return all(words.get(pid, {}).get("ready") for pid in self.pids)

    def terminate(self) -> None:
        """Ask every worker to end after the run in hand; none is started again."""
        if not self._stopping.is_set():
            self._stopping.set()
            self._thread.join()
        for slot in self._slots:
            slot.process.terminate()

    def stop(self, seconds: float, hurry: Callable[[], bool] = lambda: False) -> int:
        """Let the runs in hand end, for `seconds` or until `hurry`, then end all; returns how many runs were cut."""
        self.terminate()
        deadline = time.monotonic() + seconds
        for slot in self._slots:
            slot.process.ended_within(max(0, deadline - time.monotonic()), hurry)
            cut_off = slot.process.exit_code is None
            slot.process.stop(0)
            self._report(slot, stopped=cut_off)
        return self._tell()

    def _start(self, name: str) -> ManagedProcess:
        command = [sys.executable, "-m", "resources.workers.worker", name, self._module, warm_up.__name__]
        log = self._logs / f"worker-{name.rpartition('-')[2]}.log"
        return ManagedProcess(name, command, self._environment, log, ends_on=END_AFTER_RUN)

    def _tend(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            try:
                self._reload()
                for slot in self._slots:
                    if slot.process.exit_code is not None:
                        self._report(slot)
                        slot.begin_again()
                    _rotate(slot.process.log)
                self._tell()
            except Exception:  # noqa: BLE001 - a database that is away must not end the supervision
                _log.exception("the workers are looked after again in %.1f s", LOOK_SECONDS)

    def _reload(self) -> None:
        """Let workers that loaded what has changed since end after their run; those that come load it anew."""
        if time.monotonic() - self._looked < WATCH_SECONDS:
            return
        found, self._looked = self._watched(), time.monotonic()
        if found != self._seen:
            changed = sorted({path for path, *_ in found ^ self._seen})
            _log.warning("workers start anew after their runs: %s changed", ", ".join(changed[:5]))
            self._seen = found
            for slot in self._slots:
                slot.process.terminate()

    def _report(self, slot: Slot, *, stopped: bool = False) -> None:
        """Note the run that ended with the slot's process, if there was one; once for each process."""
        code, pid = slot.process.exit_code, slot.process.pid
        if pid in self._reported or code is None:
            return
        self._reported.add(pid)
        try:
            word = self._pulse.workers().get(slot.name)
            if not word or word["pid"] != pid:
                return
            self._pulse.forget(slot.name)
            if word["run"]:
                self._cut.append((word["run"], None if stopped else code))
                self._pulse.ended(word["run"])
        except redis.RedisError:
            _log.exception("%s ended (%d): run monitoring must find out what it worked on", slot.name, code)

    def _tell(self) -> int:
        """Fail the runs that were cut, and return how many there were; what is not told is told the next time."""
        cut = 0
        while self._cut:
            with dg.DagsterInstance.from_config(str(self._home)) as instance:
                cut += fail(instance, *self._cut[0])
            self._cut.pop(0)
        return cut


def _rotate(log: Path) -> None:
    """Keep two files of a worker's words: it says every event of every run, and lives for months."""
    if log.exists() and log.stat().st_size > MOST_LOG_BYTES:
        shutil.copyfile(log, log.with_suffix(".log.1"))
        os.truncate(log, 0)  # the worker appends


def fail(instance: dg.DagsterInstance, run_id: str, exit_code: int | None) -> bool:
    """Fail the run whose process ended so, None where a stop cut it; False where it had ended before."""
    run = instance.get_run_by_id(run_id)
    if run is None or run.is_finished:
        return False
    if exit_code is None:
        reason = JobFailureData(error=None, failure_reason=RunFailureReason.UNEXPECTED_TERMINATION)
        instance.report_run_failed(run, STOPPED, reason)
    else:
        # The default launcher's words, which the verdict on the batch goes by (sensors/run_ends.py).
        message = get_run_crash_explanation(prefix=f"Run execution process for {run_id}", exit_code=exit_code)
        instance.report_engine_event(message, run)
        instance.report_run_failed(run)
    return True
