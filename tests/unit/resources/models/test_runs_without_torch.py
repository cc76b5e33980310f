"""Runs of both profiles on CTranslate2, in a fresh interpreter: they load and work without torch and transformers."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.resources.models.random_models import save_bart, save_distilbert

ROOT = Path(__file__).parents[4]
WORK = """
import os, sys
from ticket_assets.definitions import build_models
from ticket_assets.settings import load_settings
for os.environ["TICKETS_MODELS"] in ("embedded", "distilled"):
    models, texts = build_models(load_settings()), ["My invoice is wrong.", "Thank you. " * 60]
    vectors = models.embedder.embed(texts)
    labels = [model.classify(texts, vectors) for model in (models.intent, models.urgency, models.sentiment)]
    summaries = models.summarizer.summarize(texts)
    assert vectors.shape == (2, 384) and all(summaries) and [len(found) for found in labels] == [2, 2, 2]
    loaded = {"ctranslate2", "tokenizers", "torch", "transformers", "sentence_transformers"} & set(sys.modules)
    print(models.profile, *sorted(loaded))
"""


@pytest.fixture(scope="module")
def environment(own_environment, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The real MiniLM and small models of the other two kinds, prepared by the command; the run fits what is left."""
    place = tmp_path_factory.mktemp("models")
    own = {
        "TICKETS_SENTIMENT_MODEL": str(save_distilbert(place / "distilbert")),
        "TICKETS_SUMMARIZER": str(save_bart(place / "bart")),
    }
    prepare = [sys.executable, "-m", "tickets_cli.main", "models", "prepare"]
    environment = {**os.environ, **own, "TICKETS_MODELS": "distilled"}
    subprocess.run(prepare, env=environment, cwd=ROOT, check=True, capture_output=True, timeout=120)
    return environment


def test_a_run_of_either_profile_imports_neither_torch_nor_transformers(environment):
    done = subprocess.run(
        [sys.executable, "-c", WORK],
        env={**environment, "HF_HUB_OFFLINE": "1"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["embedded ctranslate2 tokenizers", "distilled ctranslate2 tokenizers"]
