"""A full disk under Dagster's databases: it is named where an operator looks, and costs no ticket.

The disk is full for the two services and their runs by a limit on the size of files, which any user may set: SQLite
then fails as on a full disk, with "disk I/O error". (Python ignores the signal SIGXFSZ, which ends other programs.)
"""

import os
import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import dagster as dg

from resources.queue import SqsQueue
from tests.faults.books import open_ends
from tests.faults.supervised import Supervised
from tests.pipeline.conftest import Pipeline
from tests.pipeline.programs import UP, processes_of
from tests.support import eventually

FULL = "disk I/O error"
UNLIMITED = resource.RLIM_INFINITY


@contextmanager
def heard(log: Path) -> Iterator[list[bytes]]:
    """What is written to the log, which is a pipe: it stays writable, as a log on another disk does."""
    log.parent.mkdir(exist_ok=True)
    os.mkfifo(log)
    words: list[bytes] = []
    end = os.open(log, os.O_RDONLY | os.O_NONBLOCK)
    done = threading.Event()

    def listen() -> None:
        while not done.wait(0.05):
            with suppress(BlockingIOError):
                while chunk := os.read(end, 1 << 16):
                    words.append(chunk)

    thread = threading.Thread(target=listen)
    thread.start()
    try:
        yield words
    finally:
        done.set()
        thread.join()
        os.close(end)


def limit_files(place: Path, size: int) -> None:
    for pid in processes_of(place):
        with suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, UNLIMITED))


def test_a_full_disk_is_named_in_the_daemons_log_and_costs_no_ticket(settings, tmp_path):
    queue = SqsQueue(name=settings.queue)
    with dg.DagsterInstance.ephemeral() as instance, heard(tmp_path / "logs" / "dagster-daemon.log") as words:
        pipeline = Pipeline(settings, instance)
        with Supervised(settings, tmp_path) as services:
            pipeline.put("before")
            assert eventually(lambda: pipeline.items("before") and not open_ends(pipeline, queue), UP, every=1)
            limit_files(tmp_path, 1)
            said = len(words)
            for n in range(3):
                pipeline.put(f"t{n}")
            assert eventually(lambda: b"".join(words[said:]).decode().count(FULL) >= 5, UP)
            assert not any(pipeline.items(f"t{n}") for n in range(3))
            limit_files(tmp_path, UNLIMITED)
            eventually(lambda: not open_ends(pipeline, queue), UP, every=1)
        assert open_ends(pipeline, queue) == []
        assert services.starts <= 4  # each restarted once at most: no loop
