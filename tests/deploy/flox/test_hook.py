"""The hook: installs once, in an empty copy of the project; again only after a change; and says what went wrong."""

import logging
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.deploy.flox.activation import Flox, link_programs
from tests.deploy.flox.conftest import copy_project
from tests.deploy.flox.manifests import PROJECT, load

log = logging.getLogger(__name__)
UV = """#!/bin/sh
echo "$@" >> "$CALLS"
[ ! -e "$CALLS.fail" ] || { echo "no network" >&2; exit 2; }
cp "$CALLS.tickets" "$(dirname "$6")/tickets"
"""
TICKETS = """#!/bin/sh
echo "tickets $@" >> "$CALLS"
mkdir -p "$DAGSTER_HOME"
touch "$DAGSTER_HOME/dagster.yaml"
"""


def test_the_first_activation_installs_what_the_lock_names(shared):
    assert "installing into" in shared["first"]
    assert "Traceback" not in shared["first"]
    venv = shared["flox"].cache / "venv"
    show = (
        "import importlib.metadata as m; print(m.version('dagster'), m.version('ctranslate2'), m.version('ministack'))"
    )
    found = subprocess.run([venv / "bin" / "python", "-c", show], check=True, capture_output=True, text=True).stdout
    pinned = dict(line.split("==") for line in (PROJECT / "constraints.txt").read_text().split() if "==" in line)
    assert found.split() == [pinned["dagster"], pinned["ctranslate2"], pinned["ministack"]]
    assert (shared["flox"].cache / "dagster" / "dagster.yaml").exists()


def test_the_second_installs_nothing_and_says_nothing(shared):
    log.info("the second activation took %.2f s", shared["seconds"])
    assert shared["second"] == ""
    assert shared["changed"] == []


def test_what_is_installed_is_the_copy_itself(shared):
    where = "import tickets_cli; print(tickets_cli.__file__)"
    command = [shared["flox"].cache / "venv" / "bin" / "python", "-c", where]
    clean = shared["flox"].activate().environment
    found = subprocess.run(command, check=True, capture_output=True, text=True, cwd="/", env=clean).stdout

    assert found.strip() == str(shared["flox"].project / "tickets_cli" / "__init__.py")


@pytest.fixture
def recorded(tmp_path, monkeypatch):
    """A hook whose uv only notes how it was called; and what tells the notes."""
    calls = tmp_path / "calls"
    monkeypatch.setenv("CALLS", str(calls))
    uv, program = tmp_path / "uv", tmp_path / "calls.tickets"
    uv.write_text(UV)
    program.write_text(TICKETS)
    for file in (uv, program):
        file.chmod(0o755)
    programs = {"python3.11": Path(sys.executable).resolve(), "uv": uv}
    installed = link_programs(tmp_path / "env", **programs)
    flox = Flox(copy_project(tmp_path / "project"), tmp_path / "cache", installed, load("main"))

    def told() -> list[str]:
        lines = calls.read_text().splitlines() if calls.exists() else []
        calls.unlink(missing_ok=True)
        return lines

    return flox, told


def test_it_installs_again_only_after_a_change(recorded):
    flox, told = recorded
    flox.activate()
    install, prepare = told()
    assert install.startswith("pip install ")
    assert "-c constraints.txt -e .[models,convert,ui,local,workers]" in install
    assert prepare == "tickets serve prepare"
    assert flox.activate().said == ""
    assert told() == []

    for name in ("constraints.txt", "pyproject.toml"):
        with (flox.project / name).open("a") as file:
            file.write("# changed\n")
        assert "installing" in flox.activate().said
        assert len(told()) == 1
    assert "installing" in flox.activate(TICKETS_EXTRAS="models").said
    assert told()[0].endswith(".[models]")


def test_two_terminals_at_once_install_once(recorded):
    flox, told = recorded

    with ThreadPoolExecutor() as terminals:
        said = [done.said for done in terminals.map(lambda _: flox.activate(), range(2))]

    assert sorted("installing" in words for words in said) == [False, True]
    assert sum(call.startswith("pip install") for call in told()) == 1


def test_where_it_fails_it_says_so_goes_on_and_tries_again(recorded, tmp_path):
    flox, told = recorded
    (tmp_path / "calls.fail").touch()

    said = flox.activate().said
    assert "no network" in said
    assert "The packages are not installed: mend what is said above and activate again." in said
    assert len(told()) == 1
    assert "installing" in flox.activate().said
    (tmp_path / "calls.fail").unlink()
    told()

    flox.activate()
    assert len(told()) == 2
    assert flox.activate().said == ""


def test_another_python_gets_a_new_venv(recorded, tmp_path):
    flox, told = recorded
    flox.activate()
    kept = flox.cache / "venv" / "kept"
    kept.touch()
    with (flox.project / "constraints.txt").open("a") as file:
        file.write("# changed\n")
    flox.activate()
    assert kept.exists()

    made_for = flox.cache / "venv" / "made-for"
    made_for.write_text("another")
    (flox.cache / "venv" / "synced").unlink()
    flox.activate()
    assert not kept.exists()
    assert len(told()) == 4
