import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

import ticket_assets
from resources.models.label_file import load
from resources.models.label_learning import Lesson
from ticket_assets.stores.correcting import decide
from tickets_cli.learning import corrected
from tickets_cli.main import app

LABELS = Path(ticket_assets.__file__).parent / "labels"


@pytest.fixture
def labels(tmp_path, monkeypatch):
    shutil.copytree(LABELS, tmp_path / "labels")
    monkeypatch.setenv("TICKETS_LABELS_DIR", str(tmp_path / "labels"))
    monkeypatch.setenv("TICKETS_ENGINE", "torch")  # converts nothing
    return tmp_path / "labels"


CITIES = ("Lima", "Oslo", "Cairo", "Quito", "Minsk", "Turin")


@pytest.fixture
def gardening(named, labels):
    """Six tickets of a kind that no example is of, which people call security concerns."""
    for city in CITIES:
        named.put(city, subject=f"Please water the ficus in our {city} office", body="or write to jo@example.com")
    named.enrich(*(f"{city}.json" for city in CITIES))
    for city in CITIES:
        decide(named.stores["table"], city, {"intent": "security_concern"})
    return named


def learn(*arguments: str, typed: str | None = None) -> tuple[int, str]:
    done = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["labels", "learn", *arguments], input=typed)
    return done.exit_code, " ".join(done.output.split())


def test_only_what_is_still_decided_is_learnt_from_masked_and_one_text_once(pipeline):
    text = {"subject": "Same", "body": "text of jo@example.com"}
    keys = [pipeline.put(name, **text) for name in ("a", "b")]
    pipeline.enrich(*keys, pipeline.put("undone"), pipeline.put("mood"))
    table = pipeline.stores["table"]
    for name in ("a", "b", "undone"):
        decide(table, name, {"intent": "bug_report"})
    decide(table, "undone", {})
    decide(table, "mood", {"sentiment": "POSITIVE"})
    assert corrected(pipeline.settings, "intent") == [Lesson("Same text of [e-mail]", "bug_report", ("a", "b"))]


def test_an_object_that_is_another_or_no_ticket_by_now_is_left_out_and_said(pipeline, capsys):
    pipeline.enrich(*(pipeline.put(name) for name in ("bad", "good", "newer")))
    for name in ("bad", "good", "newer"):
        decide(pipeline.stores["table"], name, {"intent": "bug_report"})
    pipeline.raw.put("bad.json", b"{")
    pipeline.put("newer", body="something else")
    assert [lesson.tickets for lesson in corrected(pipeline.settings, "intent")] == [("good",)]
    assert "2 corrected tickets left out" in " ".join(capsys.readouterr().out.split())


def test_corrections_that_help_are_shown_and_with_a_yes_become_examples_of_their_label(gardening, labels):
    code, output = learn(typed="n\n")
    assert code == 1
    assert output.index("in our Cairo office") < output.index("Add 6 examples to")
    assert (labels / "intent.yaml").read_bytes() == (LABELS / "intent.yaml").read_bytes()
    code, output = learn("--yes")
    assert code == 0, output
    assert "security_concern, 6 examples: 0 of 6 held-out corrections right, with them 6: helps" in output
    assert "security_concern: Please water the ficus in our Cairo office or write to [e-mail]" in output
    before, after = (load(str(d / "intent.yaml")).labels["security_concern"].examples for d in (LABELS, labels))
    assert after[: len(before)] == before
    assert len(after) == len(before) + 6
    assert "jo@example.com" not in (labels / "intent.yaml").read_text()
    assert "# learnt from Cairo" in (labels / "intent.yaml").read_text()
    code, output = learn("--yes")  # once more: nothing is new
    assert code == 1
    assert "0 texts with a corrected intent are new to the file" in output


def test_corrected_moods_become_examples_of_the_sentiment_file_and_its_comments_stay(gardening, labels, monkeypatch):
    monkeypatch.setenv("TICKETS_MODELS", "embedded")
    for city in CITIES:
        decide(gardening.stores["table"], city, {"sentiment": "NEGATIVE"})
    code, output = learn("--role", "sentiment", "--yes")
    assert code == 0, output
    assert "NEGATIVE, 6 examples: 0 of 6 held-out corrections right, with them 6: helps" in output
    before, after = ((each / "sentiment.yaml").read_text().splitlines() for each in (LABELS, labels))
    added = [line.partition("# learnt from ")[2] for line in after if "# learnt from" in line]
    assert sorted(added) == sorted(CITIES)
    assert [line for line in after if "# learnt from" not in line] == before
    read, new = (load(str(each / "sentiment.yaml")).labels["NEGATIVE"].examples for each in (LABELS, labels))
    assert len(new) == len(read) + 6
    assert (labels / "intent.yaml").read_bytes() == (LABELS / "intent.yaml").read_bytes()


def test_a_profile_that_reads_no_examples_of_sentiment_says_which_does(gardening, monkeypatch):
    monkeypatch.setenv("TICKETS_MODELS", "distilled")
    code, output = learn("--role", "sentiment", "--yes")
    assert code == 1
    assert "reads no examples of sentiment: embedded does" in output


def test_too_few_corrections_are_said_to_be_too_few(named, labels):
    named.enrich(named.put("t1"))
    decide(named.stores["table"], "t1", {"intent": "bug_report"})
    done = CliRunner().invoke(app, ["labels", "learn"])
    assert done.exit_code == 1
    assert "1 texts with a corrected intent" in done.output
