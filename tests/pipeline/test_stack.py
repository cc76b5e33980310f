"""`tickets up` as a terminal runs it: it comes up, ends without a trace but its state, and goes on where it was."""

import os
import signal
import socket
import time
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import dagster as dg
import pytest

from tests.pipeline.programs import UP, environment, kill_all, last_words, left_of, listening_at, processes_of
from tests.pipeline.terminal import HIDDEN, RUNS, Terminal
from tests.support import eventually, store
from ticket_assets.stores.batches import Batches
from tickets_cli.stack import Ports


@pytest.fixture(scope="module")
def terminal(tmp_path_factory, prepared_models):
    """A terminal whose stack this process's own AWS clients speak to."""
    made = Terminal(tmp_path_factory.mktemp("stack") / "state")
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(environment(AWS_ENDPOINT_URL=made.ports.endpoint))
    yield made
    os.environ.clear()
    os.environ.update(before)
    assert eventually(lambda: kill_all(made.state))


def tickets(bucket: str) -> set[str]:
    return set(store(bucket).list_keys())


def all_enriched() -> bool:
    return tickets("tickets-raw") == tickets("tickets-enriched")


@pytest.fixture(scope="module")
def first(terminal) -> dict[str, Any]:
    """A stack with its generator, looked at, and ended by an impatient Ctrl-C."""
    up = terminal.up("--generator", until="assets and sensors loaded")
    terminal.hide_briefly()  # before there is a message, which else would be hidden for as long as in use
    up.wait_until(lambda: RUNS in up.log.read_text(), UP)
    eventually(lambda: tickets("tickets-raw"), UP)
    seen = {"up": up, "status": terminal.run("status"), "second": terminal.refused(), "put": tickets("tickets-raw")}
    seen["sockets"] = listening_at(terminal.state)
    with urlopen(f"http://127.0.0.1:{terminal.ports.metrics}/metrics", timeout=UP) as response:
        seen["metrics"] = response.read().decode()
    with urlopen(f"{terminal.ports.triage}/urgent", timeout=UP) as response:
        seen["board"] = response.read().decode()
    with pytest.raises(HTTPError) as refused:  # without a word of whose form it is
        urlopen(f"{terminal.ports.triage}/tickets/T-1", data=b"urgency=low", timeout=UP)
    seen["form"] = refused.value.code
    refused.value.close()
    os.kill(up.pid, signal.SIGINT)
    up.wait_until(lambda: "stopping" in up.log.read_text(), UP)
    os.kill(up.pid, signal.SIGINT)
    return seen | {"end": last_words(up), "left": left_of(terminal.state), "listening": terminal.listening()}


@pytest.fixture(scope="module")
def next_one(terminal, first) -> dict[str, Any]:
    """The stack started again on that state; killed, with all its processes, while it works on a batch."""
    up = terminal.up()
    seen = {"found": tickets("tickets-raw"), "enriched": eventually(all_enriched, HIDDEN + UP)}
    known = {run.run_id for run in terminal.runs()}
    assert terminal.run("seed", "--count", "30").exit_code == 0
    started = dg.DagsterRunStatus.STARTED
    (run, *_) = eventually(lambda: [run for run in terminal.runs(started) if run.run_id not in known], UP)
    batch = Batches(store("tickets-pipeline")).manifest(run.tags["dagster/partition"])
    seen |= {"killed": run.run_id, "keys": set(batch.keys)}
    assert eventually(lambda: kill_all(terminal.state))
    up.stop()
    return seen | {"starting": terminal.starting(run)}


@pytest.fixture(scope="module")
def last(terminal, next_one) -> dict[str, Any]:
    """The stack started once more, after the kill; ended by SIGTERM."""
    up = terminal.up()
    again = time.time()
    lost = [next_one["killed"], next_one["starting"]]
    ends = eventually(lambda: (found := terminal.ends(*lost))[1:] and found, UP)
    enriched = eventually(lambda: tickets("tickets-enriched") >= next_one["keys"], UP)
    seen = {"up": up, "enriched": enriched, "runs": terminal.runs(), "noticed": [end - again for end in ends]}
    up.terminate()
    return seen | {"end": last_words(up), "left": left_of(terminal.state), "listening": terminal.listening()}


def test_a_stack_says_where_it_is_and_the_status_answers(terminal, first):
    log = first["up"].log.read_text()

    assert terminal.ports.endpoint in log
    assert terminal.ports.page in log
    assert first["status"].exit_code == 0, first["status"].stderr
    assert f"server {terminal.ports.endpoint}" in first["status"].stdout
    assert "runs success" in first["status"].stdout
    assert 'tickets_source_up{source="waiting"} 1.0' in first["metrics"]
    assert "Urgent now" in first["board"]
    assert first["form"] == 403, "a page that corrects nothing would say 405"
    assert f"triage page on {terminal.ports.triage}" in log


def test_every_socket_of_the_stack_listens_on_this_machine_alone(terminal, first):
    own = {"127.0.0.1", "::ffff:127.0.0.1", "::1"}
    assert [socket for socket in first["sockets"] if socket[0] not in own] == []
    # AWS server, pages, metrics, and the code server, whose port is chosen by the stack.
    assert set(terminal.ports._replace(code=terminal.ports.ui)) < {port for _, port in first["sockets"]}


def test_a_second_stack_on_the_same_state_is_refused_and_told_of_the_first(terminal, first):
    assert f"{terminal.state}/dagster is in use" in first["second"]
    assert str(first["up"].pid) in first["second"]
    assert terminal.ports.page in first["second"]


def test_ctrl_c_ends_every_process_even_when_it_is_pressed_twice(first):
    assert first["end"].startswith("tickets up ended with exit code 0.")
    assert first["left"] == []
    assert first["listening"] == []


def test_the_next_stack_finds_the_tickets_of_the_one_before_and_finishes_them(first, next_one):
    assert first["put"]
    assert next_one["found"] >= first["put"]
    assert next_one["enriched"]


def test_a_run_that_was_going_on_when_everything_was_killed_is_failed_and_its_batch_enriched_after_all(next_one, last):
    killed = next_one["killed"]
    runs = {run.run_id: run for run in last["runs"]}

    assert runs[killed].status == dg.DagsterRunStatus.FAILURE
    assert killed in [run.parent_run_id for run in runs.values()]
    assert last["enriched"]


def test_runs_that_were_lost_with_everything_even_one_that_was_starting_are_failed_within_a_minute_of_the_restart(last):
    assert len(last["noticed"]) == 2
    assert max(last["noticed"]) < 60


def test_sigterm_ends_every_process_too(last):
    assert last["end"].startswith("tickets up ended with exit code 0.")
    assert last["left"] == []
    assert last["listening"] == []


def test_ctrl_c_while_the_stack_is_starting_leaves_nothing_running(tmp_path):
    terminal = Terminal(tmp_path / "state")
    up = terminal.up(until="AWS server on")
    loading = terminal.state / "logs" / "code-server.log"
    assert eventually(lambda: loading.exists() and loading.read_text(), UP)

    os.kill(up.pid, signal.SIGINT)

    assert last_words(up)
    left = left_of(terminal.state)
    kill_all(terminal.state)
    assert left == []
    assert terminal.listening() == []


@pytest.mark.parametrize("taken", ["aws", "ui", "metrics", "board"])
def test_a_port_that_is_taken_is_named(tmp_path, taken):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        said = Terminal(tmp_path, Ports.free()._replace(**{taken: port})).refused()

    assert f"port {port} is taken" in said
    assert processes_of(tmp_path) == []
