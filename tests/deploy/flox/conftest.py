"""One activation of an empty copy of the project, its hook run for real, shared by all of a session's processes."""

import json
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.flox.activation import Flox, machines_own
from tests.deploy.flox.manifests import PROJECT, load
from tickets_cli.processes import one_at_a_time

# Without what converts models: torch would come once more. Models are prepared by the session's own packages.
EXTRAS = "models,ui,local"
NEEDED = (
    ".flox", "README.md", "LICENSE", "constraints.txt", "pyproject.toml", "workspace.yaml", "dagster.yaml",
    "resources", "sensors", "ticket_assets", "ticket_generator", "tickets_board", "tickets_cli",
)  # fmt: skip
LEFT_BEHIND = shutil.ignore_patterns("__pycache__", "*.egg-info", "build", "cache", "run", "log", "lib")


def copy_project(place: Path) -> Path:
    """A fresh clone's files, as far as an activation needs them."""
    place.mkdir(parents=True)
    for name in NEEDED:
        source = PROJECT / name
        if source.is_dir():
            shutil.copytree(source, place / name, ignore=LEFT_BEHIND)
        else:
            shutil.copy2(source, place / name)
    return place


def tree(place: Path) -> dict[str, tuple[int, int]]:
    """Every file below with its size and time."""
    return {str(p): (p.stat().st_size, p.stat().st_mtime_ns) for p in place.rglob("*") if p.is_file()}


@pytest.fixture(scope="session")
def shared(tmp_path_factory, worker_id) -> dict[str, Any]:
    """The activation, by whichever process comes first: what its two runs said, what the second took and changed."""
    base = tmp_path_factory.getbasetemp()
    place = (base if worker_id == "master" else base.parent) / "flox"
    place.mkdir(exist_ok=True)
    # Short, since sockets lie below; a space, since nobody promises that there is none.
    project, cache, report = place / "the project", place / "the cache", place / "report.json"
    caller = {"TICKETS_EXTRAS": EXTRAS, "UV_CACHE_DIR": str(place / "uv")}
    flox = Flox(project, cache, place / "env", load("main"), caller)
    with one_at_a_time(place / "lock"):
        if not report.exists():
            copy_project(project)
            machines_own(flox.installed)
            first = flox.activate().said
            before = tree(cache)
            began = time.monotonic()
            second = flox.activate().said
            seconds = time.monotonic() - began
            after = tree(cache)
            changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
            told = {"first": first, "second": second, "seconds": seconds, "changed": changed}
            report.write_text(json.dumps(told))
    return {"flox": flox, **json.loads(report.read_text())}


@pytest.fixture(scope="session")
def flox(shared) -> Flox:
    """The activation's Flox; tests activate it anew, each with a caller's variables of its own."""
    return shared["flox"]
