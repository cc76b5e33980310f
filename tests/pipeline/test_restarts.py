"""A code server that is killed and started again while runs wait for their turn: it costs no batch a run."""

import os

import dagster as dg
import pytest

from tests.pipeline.programs import UP, environment, kill_all
from tests.pipeline.test_graceful_stop import NAMES, Processor
from tests.support import eventually
from ticket_assets.settings import variable
from tickets_cli.dagster_services import DagsterServices, prepare_home
from tickets_cli.layout import PROJECT
from tickets_cli.processes import free_port

TICKETS = 2  # one more than run at a time


@pytest.fixture
def services(settings, tmp_path):
    """Services whose runs wait at the gate, one ticket a batch."""
    place = Processor(tmp_path, settings)
    names = {variable(name): getattr(settings, name) for name in NAMES}
    own = environment(
        **names,
        AWS_ENDPOINT_URL=os.environ["AWS_ENDPOINT_URL"],
        PYTHONPATH=str(PROJECT),
        TEST_GATE=str(place.gate),
        TICKETS_BATCH_SIZE="1",
        TICKETS_BATCH_WINDOW_SECONDS="1",
    )
    prepare_home(place.home, runs=TICKETS - 1)
    made = DagsterServices(place.home, own, tmp_path / "logs", free_port(), "tests.pipeline.gated")
    yield place, made
    place.gate.touch()
    made.stop()
    assert eventually(lambda: kill_all(tmp_path))


def test_a_run_whose_turn_comes_while_the_code_server_is_gone_waits_for_it(services):
    place, made = services
    server = made.start_code_server()
    daemon = made.start_daemon()
    for number in range(TICKETS):
        place.put(f"T-{number}")
    queued, started = dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.STARTED

    def waiting() -> list[dg.DagsterRun]:
        runs = place.runs()
        return [r for r in runs if r.status is queued and sum(s.status is started for s in runs) == TICKETS - 1]

    (last,) = eventually(waiting, UP)
    server.kill()
    assert server.ended_within(UP)
    place.gate.touch()  # the runs outlive their server, and make room for the last one
    assert eventually(lambda: "Caught an error dequeuing run" in daemon.log.read_text(), UP)
    made.start_code_server()

    assert eventually(lambda: all(place.record(f"T-{number}") for number in range(TICKETS)), UP)
    batch = last.tags["dagster/partition"]
    assert [r.run_id for r in place.runs() if r.tags["dagster/partition"] == batch] == [last.run_id]
