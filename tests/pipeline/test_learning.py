import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

import ticket_assets
from resources.models.label_file import load
from tickets_cli.correcting import decide
from tickets_cli.learning import corrected
from tickets_cli.main import app

LABELS = Path(ticket_assets.__file__).parent / "labels"


@pytest.fixture
def labels(tmp_path, monkeypatch):
    shutil.copytree(LABELS, tmp_path / "labels")
    monkeypatch.setenv("TICKETS_LABELS_DIR", str(tmp_path / "labels"))
    monkeypatch.setenv("TICKETS_ENGINE", "torch")  # converts nothing
    return tmp_path / "labels"


def test_only_what_is_still_decided_is_learnt_from_and_one_text_once(pipeline):
    keys = [pipeline.put(name, subject="Same", body="text") for name in ("a", "b")]
    pipeline.enrich(*keys, pipeline.put("undone"), pipeline.put("mood"))
    table = pipeline.stores["table"]
    for name in ("a", "b", "undone"):
        decide(table, name, {"intent": "bug_report"})
    decide(table, "undone", {})
    decide(table, "mood", {"sentiment": "POSITIVE"})
    assert corrected(pipeline.settings, "intent") == [("Same\ntext", "bug_report")]


def test_corrections_that_help_become_examples_of_their_label(named, labels):
    names = ("Lima", "Oslo", "Cairo", "Quito", "Minsk", "Turin")
    for name in names:
        named.put(name, subject=f"Please water the ficus in our {name} office", body="")
    named.enrich(*(f"{name}.json" for name in names))
    for name in names:
        decide(named.stores["table"], name, {"intent": "security_concern"})
    done = CliRunner().invoke(app, ["labels", "learn", "--yes"])
    assert done.exit_code == 0, done.output
    assert "6 of 6" not in done.output.split("with them")[0]
    before, after = (load(str(d / "intent.yaml")).labels["security_concern"].examples for d in (LABELS, labels))
    assert after[: len(before)] == before
    assert len(after) == len(before) + 6


def test_too_few_corrections_are_said_to_be_too_few(named, labels):
    named.enrich(named.put("t1"))
    decide(named.stores["table"], "t1", {"intent": "bug_report"})
    done = CliRunner().invoke(app, ["labels", "learn"])
    assert done.exit_code == 1
    assert "1 tickets have a corrected intent" in done.output
