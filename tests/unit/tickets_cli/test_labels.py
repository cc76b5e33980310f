import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

import ticket_assets
from tickets_cli.main import app

LABELS = Path(ticket_assets.__file__).parent / "labels"


@pytest.fixture
def labels(tmp_path, monkeypatch):
    shutil.copytree(LABELS, tmp_path / "labels")
    monkeypatch.setenv("TICKETS_LABELS_DIR", str(tmp_path / "labels"))
    monkeypatch.setenv("TICKETS_ENGINE", "torch")  # converts nothing
    return tmp_path / "labels"


def run(*words):
    done = CliRunner().invoke(app, ["labels", *words])
    return done.exit_code, " ".join(done.output.split())


def test_the_projects_own_files_have_no_findings_and_a_thin_contradictory_one_has(labels):
    assert run("check")[1].count("0 findings") == 3
    path = labels / "intent.yaml"
    path.write_text(path.read_text() + '  later:\n    description: Some day.\n    examples: ["Can\'t log in", b, c]\n')
    code, output = run("check")
    assert code == 0
    assert "thin in later: 3 examples: add 27" in output
    assert "contradictory in login_issue and later" in output


def test_a_bad_file_ends_the_check_with_its_name_line_and_remedy(labels):
    (labels / "urgency.yaml").write_text("labels: {}\n")
    code, output = run("check")
    assert code == 1
    assert "urgency.yaml" in output
    assert "Remedy" in output


@pytest.mark.parametrize(
    ("name", "old", "new", "complaint"),
    [
        ("sentiment", "  POSITIVE:", "  HAPPY:", "label HAPPY is not one of ['POSITIVE', 'NEGATIVE', 'NEUTRAL']"),
        ("urgency", "  low:", "  whenever:", "label whenever is not one of ['critical', 'high', 'medium', 'low']"),
    ],
)
def test_labels_that_no_record_can_have_end_the_check_as_they_would_end_a_run(labels, name, old, new, complaint):
    path = labels / f"{name}.yaml"
    line = path.read_text().splitlines().index(old) + 1
    path.write_text(path.read_text().replace(f"\n{old}\n", f"\n{new}\n"))
    for command in (["check"], ["try", "I was charged twice"]):
        code, output = run(*command)
        assert code == 1
        assert f"{name}.yaml, line {line}: {complaint}" in output


def test_a_text_of_another_language_is_called_so_and_a_doubtful_label_too(labels):
    _, output = run("try", "Die App stürzt ab")
    assert "language: de 0.82; not served" in output
    assert "; in doubt" in output
    assert "far from every example" in output


def test_a_decision_is_explained_by_scores_keywords_rule_and_nearest_examples(labels):
    _, output = run("try", "Our site is down and I was charged twice")
    assert "language: en" in output
    assert "sentiment: NEGATIVE" in output
    assert "NEUTRAL 0." in output.split("sentiment:")[1]
    assert "VADER: -0.20 from -1 to 1" in output
    with_share = r"\d\.\d\d (critical|high|medium|low|[A-Z]+): "
    assert not re.search(with_share, output.split("urgency:")[1])
    assert "urgency: critical, 0.95" in output
    assert "rule for critical: an outage" in output
    assert "keywords of payment_issue: charged" in output
    assert "scores: payment_issue" in output
    assert "payment_issue: Charged twice" in output
