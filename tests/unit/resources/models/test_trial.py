"""A ticket that may kill its process is tried out in another one, with real processes and real signals."""

import importlib
import json
import multiprocessing
import signal
import sys
from typing import Any

import pytest

from resources.models import trial
from resources.models.suite import ModelSuite
from resources.models.trial import Texts, TrialFailed, describe, killed_by, restore
from tests.fakes import POISON, KillerEmbedder, fake_suite
from tests.support import eventually
from ticket_assets.definitions import build_models
from ticket_assets.settings import Settings

HARMLESS = Texts("a harmless text", ["a harmless text of some words"])
KILLER = Texts("this KILLS", [])


def suite(**fields: Any) -> ModelSuite:
    return fake_suite(embedder=KillerEmbedder(**fields))


@pytest.fixture
def tried_once(monkeypatch):
    """For tests of how a process ends: that each end must come three times is shown by the first test."""
    monkeypatch.setattr(trial, "TIMES", 1)


def test_a_text_that_kills_its_process_three_times_is_found_and_this_process_lives(tmp_path):
    book = tmp_path / "deaths"
    assert killed_by(suite(deaths=str(book), patience=9), KILLER, HARMLESS) == "signal 9"
    assert book.read_text() == "..."


def test_a_text_that_makes_the_models_hang_is_found_and_leaves_no_process(monkeypatch, tried_once):
    monkeypatch.setattr(trial, "DONE_WITHIN", 0.5)
    hanging = suite(number=int(signal.SIGSTOP))

    assert killed_by(hanging, KILLER, HARMLESS) == "no end within 0.5 s"

    assert eventually(lambda: not multiprocessing.active_children())


def test_models_that_hang_on_a_harmless_text_too_cost_no_ticket(monkeypatch):
    monkeypatch.setattr(trial, "READY_WITHIN", 0.5)

    with pytest.raises(TrialFailed, match=r"harmless text in 0\.5 s"):
        killed_by(suite(poison="harmless", number=int(signal.SIGSTOP)), Texts("fine", []), HARMLESS)

    assert eventually(lambda: not multiprocessing.active_children())


def test_a_text_that_once_survives_is_no_killer(tmp_path):
    book = tmp_path / "deaths"
    assert killed_by(suite(deaths=str(book), patience=2), KILLER, HARMLESS) is None
    assert book.read_text() == "..."


def test_a_text_that_makes_a_model_raise_is_left_to_the_run():
    assert killed_by(suite(), Texts(POISON, []), HARMLESS) is None


def test_models_that_die_of_a_harmless_text_too_cost_no_ticket():
    with pytest.raises(TrialFailed, match=r"harmless text too \(exit code -9\)"):
        killed_by(suite(poison="harmless"), Texts("fine", []), HARMLESS)


def test_a_process_that_is_asked_to_stop_tells_nothing_of_its_ticket():
    with pytest.raises(TrialFailed, match="asked to stop"):
        killed_by(suite(number=int(signal.SIGTERM)), KILLER, HARMLESS)


def test_models_of_a_module_whose_folder_left_the_search_path_since_it_was_loaded_are_tried_too(
    tmp_path, monkeypatch, tried_once
):
    (tmp_path / "elsewhere.py").write_text("from tests.fakes import KillerEmbedder\nclass Own(KillerEmbedder): ...\n")
    with monkeypatch.context() as loading:
        loading.syspath_prepend(tmp_path)  # as Dagster does with a workspace's working_directory
        own = importlib.import_module("elsewhere").Own
    assert str(tmp_path) not in sys.path
    monkeypatch.setattr(sys, "path", [*sys.path])

    assert killed_by(fake_suite(embedder=own()), KILLER, HARMLESS) == "signal 9"


def test_the_real_models_are_tried_in_a_process_of_their_own(prepared_models):
    models = build_models(Settings())
    vectors = restore(json.loads(json.dumps(describe(models)))).embedder.embed([HARMLESS.text])

    assert vectors.tolist() == models.embedder.embed([HARMLESS.text]).tolist()
    assert killed_by(models, Texts("Where is my invoice?", ["Where is my invoice? " * 30]), HARMLESS) is None


@pytest.mark.parametrize("models", [fake_suite(), build_models(Settings())], ids=["fakes", "embedded"])
def test_models_described_as_plain_data_are_the_same_models_elsewhere(models):
    again = restore(json.loads(json.dumps(describe(models))))
    assert again == models
    assert again.version == models.version
