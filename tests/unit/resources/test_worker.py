"""A warm worker's own words, without Celery and without a run."""

import logging

from resources.workers.pulse import Pulse
from resources.workers.worker import Worker
from tickets_cli.processes import free_port


def test_a_run_is_worked_on_though_redis_does_not_hear_of_it(caplog):
    worker = Worker("w", Pulse(f"redis://127.0.0.1:{free_port()}"), lambda: None)
    done = []

    with caplog.at_level(logging.WARNING), worker.at_work("a-run"):
        done.append("worked")

    assert done
    assert "no pulse" in caplog.text
    assert worker._run is None
