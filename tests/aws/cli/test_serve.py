"""`tickets serve`: what it declines, and a Dagster home that two make at once. The rest is in tests/deploy/flox."""

import fcntl
import os
import subprocess
import sys

import dagster as dg
import pytest
import yaml

from tests.aws.cli.running import printed, run
from tickets_cli.processes import free_port


@pytest.mark.parametrize("endpoint", ["", "http://10.0.0.7:4566", "http://localhost"])
def test_a_server_that_is_not_this_machines_own_is_not_served(endpoint, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)

    assert "nothing to serve" in printed("serve", "aws")


def test_where_something_answers_already_nothing_is_served(aws_endpoint):
    assert f"something answers at {aws_endpoint} already: nothing to serve" in printed("serve", "aws")


def test_a_home_is_made_once_and_then_left_as_it_is(home):
    printed("serve", "prepare")
    settings = home / "dagster.yaml"
    assert yaml.safe_load(settings.read_text())["telemetry"] == {"enabled": False}
    settings.write_text(settings.read_text() + "# mine\n")

    printed("serve", "prepare")

    assert settings.read_text().endswith("# mine\n")


def test_two_that_make_a_home_at_once_make_one_that_works(home):
    command = [sys.executable, "-m", "tickets_cli.main", "serve", "prepare"]
    makers = [subprocess.Popen(command, env=os.environ, stderr=subprocess.PIPE, text=True) for _ in range(2)]

    assert [(maker.communicate(timeout=120)[1], maker.returncode) for maker in makers] == [("", 0)] * 2
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert instance.get_runs_count() == 0


def test_a_processor_over_a_home_in_use_declines_or_is_content(home, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    home.mkdir()
    (home / "lock").write_text("pid 1")
    with (home / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        refused, content = run("ticket-processor"), run("ticket-processor", "--unless-running")

    assert refused.returncode == 1
    assert "is in use by another stack or processor (pid 1)" in refused.stderr
    assert content.returncode == 0
    assert content.stdout.startswith("it is running already: ")
