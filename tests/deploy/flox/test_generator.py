"""The environment that holds the generator alone, its service's command verbatim: tickets to any server but AWS."""

import os
import sys
from pathlib import Path

import pytest

from tests.deploy.flox.activation import Flox, link_programs
from tests.deploy.flox.manifests import PLACES, load
from tests.pipeline.programs import UP, last_words
from tests.support import eventually, store
from ticket_assets.settings import variable

NAME = "ticket-generator"


@pytest.fixture
def alone(tmp_path) -> Flox:
    """Its package stood in for by this checkout's own program, the only one of it on PATH."""
    programs = link_programs(tmp_path / "env", **{NAME: Path(sys.executable).with_name(NAME)})
    return Flox(PLACES[NAME], None, programs, load(NAME))


def test_tickets_reach_the_callers_server_without_credentials_until_it_is_asked_to_end(alone, settings, tmp_path):
    caller = {"AWS_ENDPOINT_URL": os.environ["AWS_ENDPOINT_URL"], variable("raw_bucket"): settings.raw_bucket}
    activated = alone.activate(**caller)
    assert not {"AWS_ACCESS_KEY_ID", "AWS_PROFILE"} & activated.environment.keys()
    service = alone.start(NAME, activated, tmp_path)
    try:
        assert eventually(lambda: [*store(settings.raw_bucket).list_keys()], UP), service.log.read_text()
    finally:
        service.terminate()
        said = last_words(service)
    assert said.startswith(f"{NAME} ended with exit code 0."), said


def test_to_aws_itself_it_sends_nothing(alone, tmp_path):
    said = last_words(alone.start(NAME, alone.activate(AWS_ENDPOINT_URL=""), tmp_path))

    assert said.startswith(f"{NAME} ended with exit code 0."), said
    assert "no invented tickets" in said
