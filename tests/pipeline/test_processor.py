"""`ticket-processor` beside an AWS server that comes, goes and comes back: it waits, works, and works again."""

import os
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from tests.pipeline.programs import UP, environment, kill_all, last_words, left_of
from tests.support import eventually, store, ticket_json
from ticket_assets.settings import load_settings
from tickets_cli.aws_server import start_aws_server
from tickets_cli.processes import ManagedProcess, free_port
from tickets_cli.provisioning import provision

OWN_NAMES = {
    "TICKETS_RAW_BUCKET": "own-raw",
    "TICKETS_ENRICHED_BUCKET": "own-enriched",
    "TICKETS_PIPELINE_BUCKET": "own-pipeline",
    "TICKETS_QUEUE": "own-queue",
    "TICKETS_DEAD_LETTER_QUEUE": "own-dlq",
    "TICKETS_TABLE": "own-table",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory, prepared_models):
    """A directory and an environment of this module's own, with an endpoint where no server runs yet."""
    root = tmp_path_factory.mktemp("processor")
    own = environment(
        **OWN_NAMES,
        AWS_ENDPOINT_URL=f"http://127.0.0.1:{free_port()}",
        DAGSTER_HOME=str(root / "home"),
        TICKETS_BATCH_WINDOW_SECONDS="1",
    )
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(own)
    yield root
    os.environ.clear()
    os.environ.update(before)
    assert eventually(lambda: kill_all(root))


def aws_server(place: Path) -> ManagedProcess:
    return start_aws_server(int(os.environ["AWS_ENDPOINT_URL"].rsplit(":", 1)[1]), place / "aws", place / "aws.log")


def enriched(ticket_id: str) -> bool:
    """Put a ticket; whether its record comes."""
    store("own-raw").put(f"{ticket_id}.json", ticket_json(ticket_id=ticket_id))
    return bool(eventually(lambda: store("own-enriched").find(f"{ticket_id}.json"), UP))


def failed_ticks(instance: dg.DagsterInstance) -> list[str]:
    """What the queue sensor's failed ticks say."""
    states = [s for s in instance.all_instigator_state() if s.instigator_name == "ticket_queue_sensor"]
    ticks = [t for s in states for t in instance.get_ticks(s.instigator_origin_id, s.selector_id)]
    return [tick.error.to_string() for tick in ticks if tick.error]


@pytest.fixture(scope="module")
def seen(place) -> dict[str, Any]:
    """A processor's life: no server, an empty one, tickets, no server, tickets again, SIGTERM."""
    command = [str(Path(sys.executable).with_name("ticket-processor"))]
    running = ManagedProcess("ticket-processor", command, os.environ, place / "processor.log")
    output = running.log.read_text
    running.wait_until(lambda: "waiting" in output(), UP)
    aws = aws_server(place)
    running.wait_until(lambda: "tickets setup" in output(), UP)
    list(provision(load_settings()))
    running.wait_until(lambda: "processing" in output(), UP)
    seen: dict[str, Any] = {"first": enriched("T-1")}
    aws.stop()
    with dg.DagsterInstance.from_config(str(place / "home")) as instance:
        seen["ticks"] = eventually(lambda: failed_ticks(instance), UP)
    aws = aws_server(place)
    seen["second"] = enriched("T-2")
    running.terminate()
    seen |= {"end": last_words(running), "said": output().splitlines()}
    aws.stop(0)
    seen["left"] = left_of(place)
    return seen


def test_started_without_a_server_it_says_once_what_it_waits_for_and_then_goes_on(seen):
    down, not_set_up, working = seen["said"]

    assert down.startswith("waiting: cannot reach http://127.0.0.1:")
    assert not_set_up.startswith("waiting: a queue at http://127.0.0.1:")
    assert "run `tickets setup`" in not_set_up
    assert working.startswith("processing tickets from own-queue at http://127.0.0.1:")


def test_a_ticket_is_enriched_in_the_stores_that_the_environment_names(seen):
    assert seen["first"]


def test_a_server_that_went_away_is_one_clear_line_in_the_sensors_tick(seen):
    lines = [line for line in seen["ticks"][0].splitlines() if "AwsUnreachable" in line]

    assert lines
    assert "cannot reach http://127.0.0.1:" in lines[0]


def test_when_the_server_is_back_the_pipeline_goes_on_by_itself(seen):
    assert seen["second"]


def test_sigterm_ends_it_with_every_process_it_started(seen):
    assert seen["end"].startswith("ticket-processor ended with exit code 0.")
    assert seen["left"] == []
