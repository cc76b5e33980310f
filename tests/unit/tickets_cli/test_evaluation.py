import json

import pytest
from typer.testing import CliRunner

from tests.fakes import fake_suite
from tickets_cli import main
from tickets_cli.evaluation import evaluate_summaries, kind_of, read, role_of
from tickets_cli.processes import ProcessFailed


def jsonl(tmp_path, *rows, name="rows.jsonl"):
    path = tmp_path / name
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return path


def test_a_line_that_is_no_object_is_named(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"text": "a", "label": "b"}\n\n[1]\n')
    with pytest.raises(ProcessFailed, match="line 3: is no JSON object"):
        read(path)


def test_an_empty_or_missing_file_is_refused(tmp_path):
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(ProcessFailed, match="no rows"):
        read(tmp_path / "empty")
    with pytest.raises(ProcessFailed, match="cannot be read"):
        read(tmp_path / "none")


def test_what_a_file_measures_is_told_by_its_fields(tmp_path):
    path = tmp_path / "x"
    assert kind_of(path, {1: {"text": "a", "label": "b"}}) == "labels"
    assert kind_of(path, {1: {"text": "a", "summary": "b"}}) == "summaries"
    assert kind_of(path, {1: {"id": 1, "subject": "", "body": "", "dups": []}}) == "search"
    with pytest.raises(ProcessFailed, match="fields of one kind"):
        kind_of(path, {1: {"text": "a", "label": "b"}, 2: {"text": "a"}})


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ({"text": " ", "summary": "b"}, "'text' must be text that is not blank"),
        ({"text": "a", "summary": ""}, "'summary' must be text that is not blank"),
        ({"text": "a", "label": None}, "'label' must be text that is not blank"),
        ({"text": 7, "label": "b"}, "'text' must be text that is not blank"),
        ({"id": 1, "subject": "a", "body": "b", "dups": None}, "'dups' must be a list of ids"),
        ({"id": 1, "subject": "a", "body": "b", "dups": [{}]}, "'dups' must be a list of ids"),
        ({"id": True, "subject": "a", "body": "b", "dups": []}, "'id' must be text or a whole number"),
        ({"id": 1, "subject": None, "body": "b", "dups": []}, "'subject' must be text"),
    ],
)
def test_a_value_that_measures_nothing_is_refused_with_its_line_and_a_remedy(tmp_path, row, complaint):
    path = tmp_path / "rows.jsonl"
    path.write_text(f"\n\n{json.dumps(row)}\n")
    with pytest.raises(ProcessFailed) as caught:
        kind_of(path, read(path))
    assert str(caught.value) == f"{path}, line 3: {complaint}; mend or drop it"


def test_summaries_are_compared_with_the_beginning_at_their_own_length_and_by_sentence():
    text = "One two three. Four five six seven. Eight nine."
    found = evaluate_summaries(fake_suite(), [{"text": text, "summary": "One two three."}])
    assert found["first sentence"]["ROUGE-L"] == 1.0
    assert [found[name]["words"] for name in ("first sentence", "first two sentences")] == [3, 7]
    assert found["lead of our length"]["words"] == min(found["ours"]["words"], len(text.split()))


def test_the_role_is_the_one_that_knows_the_labels(tmp_path):
    suite = fake_suite()
    assert role_of(suite, [{"label": "login_issue"}, {"label": "other"}], tmp_path) == "intent"
    assert role_of(suite, [{"label": "NEUTRAL"}], tmp_path) == "sentiment"
    assert role_of(suite, [{"label": "critical"}], tmp_path) == "urgency"
    with pytest.raises(ProcessFailed, match="no label is known, such as 'weather'"):
        role_of(suite, [{"label": "weather"}], tmp_path)


def test_every_kind_of_file_is_measured_with_the_real_models_and_reported_twice(tmp_path, monkeypatch):
    monkeypatch.setenv("TICKETS_ENGINE", "torch")  # converts nothing
    labels = jsonl(
        tmp_path,
        {"text": "I can't log in", "label": "login_issue"},
        {"text": "You charged me <b>twice</b>", "label": "payment_issue"},
        name="intents.jsonl",
    )
    bodies = ["The printer jams on each page.", "My printer jams on every page.", "A cat sleeps here."]
    dups = [{"id": n, "subject": body, "body": body, "dups": [1 - n] if n < 2 else []} for n, body in enumerate(bodies)]
    words = (
        "The router restarts by itself. It began on Monday after the storm. We have no idea why it does so."
        + " It happens at night." * 12
    )
    files = [
        labels,
        jsonl(tmp_path, *dups, name="dups.jsonl"),
        jsonl(tmp_path, {"text": words, "summary": "The router restarts by itself."}, name="summaries.jsonl"),
    ]
    done = CliRunner().invoke(main.app, ["evaluate", *map(str, files), "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    plain, page = ((tmp_path / "out" / name).read_text() for name in ("report.md", "report.html"))
    for wanted in (
        "intents.jsonl (intent, 2 rows)",
        "keywords",
        "prototype",
        "BM25",
        "hit@1",
        "lead of our",
        "words",
        "ROUGE-L",
    ):
        assert wanted in plain
    assert "<svg" in page
    assert "<b>" not in page
