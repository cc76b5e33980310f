"""The services' commands, verbatim, started in random order from another directory: a ticket is enriched by itself."""

import logging
import os
import random
import time
from pathlib import Path
from typing import Any

import pytest

from resources.aws import client
from tests.deploy.flox.activation import Flox
from tests.pipeline.programs import UP, kill_all, last_words, left_of
from tests.support import eventually, forget_clients
from tests.unit.resources.models.random_models import save_bart, save_distilbert
from tickets_cli.dagster_services import answers
from tickets_cli.model_preparation import prepare_models
from tickets_cli.processes import free_port

log = logging.getLogger(__name__)
ONE_SHOT = "setup"


def enriched() -> dict[str, Any] | None:
    """The first item of the table, as soon as its record stands too."""
    table = client("dynamodb")
    try:
        items = table.scan(TableName="tickets-metadata", Limit=1)["Items"]
        return items[0] if items and client("s3").list_objects_v2(Bucket="tickets-enriched")["KeyCount"] else None
    except Exception:  # noqa: BLE001 - the server is not up or not set up yet
        forget_clients()
        return None


class System:
    """Everything that the main environment starts, over a state of its own."""

    def __init__(self, flox: Flox, place: Path, **caller: str) -> None:
        self.place, self.port, self.page = place, free_port(), free_port()
        place.mkdir(exist_ok=True)
        endpoint = f"http://127.0.0.1:{self.port}"
        self.activated = flox.activate(
            AWS_ENDPOINT_URL=endpoint,
            DAGSTER_HOME=str(place / "dagster"),
            TICKETS_STATE_DIR=str(place / "state"),
            TICKETS_UI_PORT=str(self.page),
            TICKETS_BATCH_WINDOW_SECONDS="1",
            **caller,
        )
        self.order = list(flox.manifest["services"])
        random.SystemRandom().shuffle(self.order)
        self.began = time.monotonic()
        self.running = {name: flox.start(name, self.activated, place) for name in self.order}
        os.environ["AWS_ENDPOINT_URL"] = endpoint

    def told(self) -> str:
        """What every service said, for a test that fails."""
        return "\n".join(f"== {name}\n{process.log.read_text()}" for name, process in self.running.items())

    def stop(self) -> dict[str, str]:
        """End all as process-compose does, at once; how each ended, `killed` where it did not."""
        for process in self.running.values():
            process.terminate()
        ends = {name: process.ended_within(UP) for name, process in self.running.items()}
        return {name: last_words(self.running[name]) if ended else "killed" for name, ended in ends.items()}


@pytest.fixture
def own_clients():
    """This process's clients speak to the system that a test starts, and to the session's server again after it."""
    before = dict(os.environ)
    os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_DEFAULT_REGION="us-east-1")
    yield
    os.environ.clear()
    os.environ.update(before)
    forget_clients()


@pytest.fixture
def sources(tmp_path) -> dict[str, str]:
    """Small models with random weights of the real architectures, prepared as a developer would."""
    return {
        "TICKETS_SENTIMENT_MODEL": str(save_distilbert(tmp_path / "distilbert")),
        "TICKETS_SUMMARIZER": str(save_bart(tmp_path / "bart")),
    }


def test_with_the_embedded_profile_the_callers_models_win_and_all_end_when_asked(
    flox, prepared_models, own_clients, tmp_path
):
    system = System(flox, tmp_path / "x", TICKETS_MODELS="embedded", MODEL_CACHE_DIR=os.environ["MODEL_CACHE_DIR"])
    try:
        item = eventually(enriched, UP)
        assert item, f"started as {system.order}\n{system.told()}"
        assert item["model_version"]["S"].startswith("embedded")
        log.info("first ticket after %.1f s, started as %s", time.monotonic() - system.began, system.order)
        assert last_words(system.running[ONE_SHOT]).startswith("setup ended with exit code 0.")
        assert eventually(lambda: answers(f"http://127.0.0.1:{system.page}/server_info"), UP)
        for name, process in system.running.items():
            assert process.exit_code is None or name == ONE_SHOT, process.log.read_text()

        asked = time.monotonic()
        ends = system.stop()
        log.info("all ended %.1f s after SIGTERM", time.monotonic() - asked)
        assert "killed" not in ends.values(), ends
        assert left_of(system.place) == []
    finally:
        kill_all(system.place)


def test_with_the_distilled_profile_prepared_models_are_used(flox, prepared_models, own_clients, sources, tmp_path):
    cache = os.environ["MODEL_CACHE_DIR"]
    prepare_distilled(sources)
    system = System(flox, tmp_path / "x", MODEL_CACHE_DIR=cache, **sources)
    try:
        item = eventually(enriched, UP)
        assert item, f"started as {system.order}\n{system.told()}"
        assert item["model_version"]["S"].startswith("distilled")
        log.info("first ticket after %.1f s, started as %s", time.monotonic() - system.began, system.order)
    finally:
        system.stop()
        kill_all(system.place)


def prepare_distilled(sources: dict[str, str]) -> None:
    from rich.console import Console

    from ticket_assets.settings import load_settings

    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**sources, "TICKETS_MODELS": "distilled"}.items():
            patch.setenv(name, value)
        prepare_models(load_settings(), Console(quiet=True))


def test_on_aws_itself_nothing_is_set_up_or_invented(flox, tmp_path):
    activated = flox.activate(AWS_ENDPOINT_URL="")

    for name in ("setup", "ticket-generator", "aws"):
        said = last_words(flox.start(name, activated, tmp_path))
        assert said.startswith(f"{name} ended with exit code 0."), said
        assert "AWS" in said
