"""What the supervisor of warm workers does with their logs, and with a verdict that it cannot deliver at once."""

import shutil

import dagster as dg
import pytest

from resources.workers.pulse import Pulse
from sensors.run_ends import end_of
from sensors.verdicts import End
from tests.support import eventually
from tickets_cli import worker_pool
from tickets_cli.processes import free_port
from tickets_cli.worker_pool import WorkerPool


@dg.job
def anything():
    """Of which a run is a run."""


@pytest.fixture
def pool(tmp_path):
    """Of no workers, over a home that is not there yet."""
    pulse = Pulse(f"redis://127.0.0.1:{free_port()}")
    made = WorkerPool(0, tmp_path / "home", {}, tmp_path / "logs", "m", pulse, frozenset)
    yield made
    made.terminate()


def test_a_death_is_reported_once_the_database_answers_again(pool, empty_home, tmp_path, caplog):
    home = shutil.copytree(empty_home, tmp_path / "elsewhere")
    with dg.DagsterInstance.from_config(str(home)) as instance:
        run_id = instance.create_run_for_job(anything, status=dg.DagsterRunStatus.STARTED).run_id

        def ended() -> dg.DagsterRun | None:
            run = instance.get_run_by_id(run_id)
            return run if run and run.is_finished else None

        pool._cut.append((run_id, -9))
        assert eventually(lambda: "looked after again" in caplog.text, 30)
        assert not ended()

        (tmp_path / "home").symlink_to(home)

        run = eventually(ended, 30)
        assert run
        assert end_of(instance, run) is End.PROCESS_DIED
    assert pool._cut == []


def test_a_log_that_somebody_removed_holds_nothing_up(tmp_path):
    worker_pool._rotate(tmp_path / "worker-1.log")


def test_of_a_workers_log_two_files_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(worker_pool, "MOST_LOG_BYTES", 10)
    log = tmp_path / "worker-1.log"
    with log.open("ab", buffering=0) as worker:
        for words in (b"short", b"and too long by now", b"new", b"er, and too long"):
            worker.write(words)
            worker_pool._rotate(log)

        worker.write(b"last")

    assert log.read_bytes() == b"last"
    assert (tmp_path / "worker-1.log.1").read_bytes() == b"newer, and too long"
