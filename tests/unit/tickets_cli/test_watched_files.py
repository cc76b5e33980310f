"""What makes warm workers start anew: code, label files and models' files, and nothing that runs write themselves."""

import pytest

from ticket_assets.settings import Settings
from tickets_cli.watched_files import Fingerprint, fingerprint

CONVERTED, HUB = "cache/ctranslate2-4/model@1.int8/manifest.json", "cache/hub/weights.bin"


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A package of definitions, label files, a model cache and a model's directory, all of them to be changed."""
    for path in ("warm_code/__init__.py", "labels/intent.yaml", CONVERTED, HUB, "model/config.json"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("1")
    monkeypatch.syspath_prepend(tmp_path)
    settings = Settings(
        labels_dir=tmp_path / "labels", model_cache_dir=tmp_path / "cache", embedder=str(tmp_path / "model")
    )

    def look(**changes: str) -> Fingerprint:
        return fingerprint(settings.model_copy(update=changes), "warm_code.definitions")

    return tmp_path, look


@pytest.mark.parametrize(
    "path",
    ["warm_code/__init__.py", "warm_code/new.py", "labels/intent.yaml", CONVERTED, "model/config.json"],
)
def test_a_file_that_workers_load_is_watched(place, path):
    root, look = place
    before = look()

    (root / path).write_text("changed")

    assert {name for name, *_ in look() ^ before} == {str(root / path)}


def test_the_hubs_files_are_watched_where_workers_load_them(place):
    root, look = place
    before = look(engine="torch")

    (root / HUB).write_text("changed")

    assert {name for name, *_ in look(engine="torch") ^ before} == {str(root / HUB)}


@pytest.mark.parametrize(
    "path",
    [
        HUB,
        "cache/hub/blobs.incomplete",
        "cache/ctranslate2-4/.converting-x.bin",
        "cache/head-0123.npz",
        "cache/tmpabc.tmp",
        "warm_code/notes.txt",
    ],
)
def test_a_file_that_runs_or_a_download_write_or_nobody_loads_is_not(place, path):
    root, look = place
    before = look()

    (root / path).write_text("new")

    assert look() == before


def test_a_file_that_is_gone_is_a_change(place):
    root, look = place
    before = look()

    (root / "labels" / "intent.yaml").unlink()

    assert look() < before
