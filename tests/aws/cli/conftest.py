"""A Dagster home, names and a pipeline of each test's own, which the command finds through the environment."""

import shutil
from pathlib import Path

import dagster as dg
import pytest

from resources import queue
from tests.conftest import own_settings
from tests.pipeline.conftest import Pipeline
from ticket_assets.settings import variable
from tickets_cli.dagster_services import prepare_home

NAMES = ("raw_bucket", "enriched_bucket", "pipeline_bucket", "queue", "dead_letter_queue", "table")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A Dagster home and state of this test's own; none is made yet."""
    monkeypatch.setenv("TICKETS_STATE_DIR", str(tmp_path))
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    return tmp_path / "dagster"


@pytest.fixture(autouse=True)
def short_polls(monkeypatch):
    """The local server is one: what it does not have at once, no other has."""
    monkeypatch.setattr(queue, "CERTAIN_SECONDS", 0)


def name(settings, monkeypatch) -> None:
    """Let the command read these settings from the environment."""
    for setting in NAMES:
        monkeypatch.setenv(variable(setting), getattr(settings, setting))


@pytest.fixture
def named(settings, monkeypatch):
    """The settings of this test, which the command reads from the environment."""
    name(settings, monkeypatch)
    return settings


@pytest.fixture
def pipeline(named, home, empty_home):
    """A pipeline over the Dagster home that the command looks into."""
    with opened(home, empty_home) as instance:
        yield Pipeline(named, instance)


@pytest.fixture(scope="module")
def shared(aws_endpoint, empty_home, tmp_path_factory):
    """A pipeline for the tests of a module that only read; the command finds it in a test that asks for `found`."""
    settings = own_settings()
    with opened(tmp_path_factory.mktemp("shared") / "dagster", empty_home) as instance:
        yield Pipeline(settings, instance)


@pytest.fixture
def found(shared, home, monkeypatch):
    """The module's pipeline, which the command finds through the environment."""
    name(shared.settings, monkeypatch)
    monkeypatch.setenv("TICKETS_STATE_DIR", str(Path(shared.instance.root_directory).parent))
    return shared


def opened(home: Path, empty_home: Path) -> dg.DagsterInstance:
    """The instance of a Dagster home that is made here."""
    shutil.copytree(empty_home, home, dirs_exist_ok=True)
    prepare_home(home)
    return dg.DagsterInstance.from_config(str(home))
