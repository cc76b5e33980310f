"""A Dagster home, names and a pipeline of each test's own, which the command finds through the environment."""

import shutil

import dagster as dg
import pytest

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


@pytest.fixture
def named(settings, monkeypatch):
    """The settings of this test, which the command reads from the environment."""
    for name in NAMES:
        monkeypatch.setenv(variable(name), getattr(settings, name))
    return settings


@pytest.fixture
def pipeline(named, home, empty_home):
    """A pipeline over the Dagster home that the command looks into."""
    shutil.copytree(empty_home, home, dirs_exist_ok=True)
    prepare_home(home)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        yield Pipeline(named, instance)
