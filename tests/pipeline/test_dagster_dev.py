"""`dagster dev -w workspace.yaml` alone, in the project's folder: the page with all assets, and the sensors running."""

import json
import os
import re
import shutil
import signal
import sys
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from resources.queue import SqsQueue
from tests.support import eventually
from ticket_assets.settings import variable
from tickets_cli.layout import PROJECT
from tickets_cli.processes import ManagedProcess, free_port, is_listening

UP = 150
NAMES = ("raw_bucket", "enriched_bucket", "pipeline_bucket", "queue", "dead_letter_queue", "table")
QUERY = """{ assetNodes { assetKey { path } }
  repositoriesOrError { ... on RepositoryConnection { nodes { sensors { name
    sensorState { status ticks(limit: 1) { status error { message } } } } } } } }"""


@pytest.fixture
def page(settings, tmp_path, monkeypatch):
    """The address of a running `dagster dev`, stopped as Ctrl-C would; its temporary home goes with it."""
    for name in NAMES:
        monkeypatch.setenv(variable(name), getattr(settings, name))
    SqsQueue(name=settings.queue).drain(1, 0, 10)  # S3's own test event
    monkeypatch.setenv("TICKETS_BATCH_WINDOW_SECONDS", "20")  # leaves two seconds of a tick to wait for a message
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    monkeypatch.chdir(PROJECT)
    port = free_port()
    command = [str(Path(sys.executable).with_name("dagster")), "dev", "-w", "workspace.yaml"]
    command += ["-h", "127.0.0.1", "-p", str(port)]
    dev = ManagedProcess("dagster dev", command, os.environ, tmp_path / "dev.log")
    dev.wait_until(lambda: is_listening(port), UP)
    yield f"http://127.0.0.1:{port}"
    os.kill(dev.pid, signal.SIGINT)
    eventually(lambda: "services shut down" in dev.log.read_text(), UP)
    dev.stop()
    for home in re.findall(r"\S*/\.tmp_dagster_home_\w+", dev.log.read_text()):
        shutil.rmtree(home, ignore_errors=True)


def ask(page: str) -> dict:
    """What the page says of its assets and sensors."""
    request = Request(f"{page}/graphql", json.dumps({"query": QUERY}).encode(), {"Content-Type": "application/json"})
    with urlopen(request, timeout=30) as response:
        return json.load(response)["data"]


def sensors(page: str) -> dict[str, dict]:
    nodes = ask(page)["repositoriesOrError"].get("nodes", [])
    return {sensor["name"]: sensor["sensorState"] for node in nodes for sensor in node["sensors"]}


def test_dagster_dev_alone_shows_the_assets_and_runs_the_sensors(page):
    assets = eventually(lambda: {node["assetKey"]["path"][0] for node in ask(page)["assetNodes"]}, UP)
    assert assets == {
        "raw_tickets", "embedded_tickets", "classified_tickets",
        "summarized_tickets", "enriched_tickets", "ticket_metadata", "ticket_search_index",
        "ticket_books", "pipeline_report",
    }  # fmt: skip

    assert eventually(lambda: [bool(state["ticks"]) for state in sensors(page).values()] == [True] * 4, UP)
    states = sensors(page)
    assert {name: state["status"] for name, state in states.items()} == {
        "ticket_queue_sensor": "RUNNING",
        "batch_failure_sensor": "RUNNING",
        "partition_pruning_sensor": "RUNNING",
        "waiting_tickets_sensor": "RUNNING",
    }
    assert [tick["error"] for state in states.values() for tick in state["ticks"]] == [None] * 4
