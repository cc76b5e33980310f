import json
import re
from html import escape

import pytest
from typer.testing import CliRunner

from tests.fakes import fake_suite
from tickets_cli import main
from tickets_cli.evaluation import evaluate_summaries, kind_of, read, role_of
from tickets_cli.processes import ProcessFailed

# The third intent is labelled wrongly; the keywords miss the second one, VADER takes the last mood's "please" for joy.
INTENTS = [
    ("I can't log in", "login_issue"),
    ("The reset link says it has expired", "login_issue"),
    ("Please add a dark mode", "payment_issue"),
    ("You charged me <b>twice</b>", "payment_issue"),
]
INTENT_PARTS = [
    "- macro-F1 0.833 (prototype 0.833, keywords 0.667)",
    "- accuracy 0.750, 95 % interval 0.301 to 0.954; 0.500 on the most confident half",
    "- coverage at a precision of 0.9: 0.250; in doubt: 0.000",
    "| label | precision | recall | F1 | rows |",
    "| login_issue | 1.000 | 1.000 | 1.000 | 2 |",
    "| payment_issue | 1.000 | 0.500 | 0.667 | 2 |",
    "| truth, said: | feature_request | login_issue | payment_issue |",
    "| login_issue | 0 | 2 | 0 |",
    "| payment_issue | 1 | 0 | 1 |",
]
MOODS = [
    ("I love the new release, great work!", "POSITIVE"),
    ("This is terrible, I hate it.", "NEGATIVE"),
    ("Please tell me where the invoice is.", "NEUTRAL"),
]
MOOD_PARTS = [
    "- macro-F1 1.000 (prototype 1.000, VADER 0.556)",
    "- accuracy 1.000, 95 % interval 0.438 to 1.000; 1.000 on the most confident half",
    "- coverage at a precision of 0.9: 1.000; in doubt: 0.000",
    "| NEUTRAL | 1.000 | 1.000 | 1.000 | 1 |",
    "| NEUTRAL | 0 | 1 | 0 |",
]


def jsonl(tmp_path, *rows, name="rows.jsonl"):
    path = tmp_path / name
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return path


def labelled(tmp_path, name, rows):
    return jsonl(tmp_path, *({"text": text, "label": label} for text, label in rows), name=name)


def calibration_error_of(section):
    [error] = re.findall(r"\n- calibration error (\d\.\d{3})\n", section)
    return float(error)


def bins_of(section):
    """Confidence, accuracy and rows of each line of the table of reliability."""
    table = section.partition("| confidence | accuracy | rows |\n| --- | --- | --- |\n")[2].partition("\n\n")[0]
    return [tuple(float(cell) for cell in line.strip("| ").split(" | ")) for line in table.splitlines()]


def error_of_the_bins(section):
    bins = bins_of(section)
    return sum(rows * abs(sure - right) for sure, right, rows in bins) / sum(rows for *_, rows in bins)


def test_a_line_ends_where_json_lines_do_and_not_within_a_text(tmp_path):
    path = tmp_path / "rows.jsonl"
    rows = [{"text": "a\u2028b\u0085c", "label": "x"}, {"text": "d", "label": "y"}]
    text = "\r\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    path.write_text("\ufeff" + text, encoding="utf-8", newline="")

    assert read(path) == {1: rows[0], 2: rows[1]}


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
    bodies = ["The printer jams on each page.", "My printer jams on every page.", "A cat sleeps here."]
    dups = [{"id": n, "subject": body, "body": body, "dups": [1 - n] if n < 2 else []} for n, body in enumerate(bodies)]
    words = (
        "The router restarts by itself. It began on Monday after the storm. We have no idea why it does so."
        + " It happens at night." * 12
    )
    files = [
        labelled(tmp_path, "intents.jsonl", INTENTS),
        labelled(tmp_path, "moods.jsonl", MOODS),
        jsonl(tmp_path, *dups, name="dups.jsonl"),
        jsonl(tmp_path, {"text": words, "summary": "The router restarts by itself."}, name="summaries.jsonl"),
    ]
    done = CliRunner().invoke(main.app, ["evaluate", *map(str, files), "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    plain, page = ((tmp_path / "out" / name).read_text() for name in ("report.md", "report.html"))
    titles, sections = plain.split("\n## ")[0], plain.split("\n## ")[1:]
    assert "embedded" in titles
    assert [section.splitlines()[0] for section in sections] == [
        "intents.jsonl (intent, 4 rows)",
        "moods.jsonl (sentiment, 3 rows)",
        "dups.jsonl",
        "summaries.jsonl",
    ]
    intents, moods, search, summaries = sections
    for part in INTENT_PARTS:
        assert part in intents
    for part in MOOD_PARTS:
        assert part in moods
    for section in (intents, moods):
        assert calibration_error_of(section) == pytest.approx(error_of_the_bins(section), abs=0.006)
        [milliseconds] = re.findall(r"\n- (\d+\.\d{3}) ms a row for label and doubt", section)
        assert float(milliseconds) > 0
    assert "|  | hit@1 | hit@5 | hit@10 | MRR | queries |" in search
    assert all(f"| {name} | 1.000 | 1.000 | 1.000 | 1.000 | 2.000 |" in search for name in ("ours", "BM25"))
    assert "|  | ROUGE-1 | ROUGE-2 | ROUGE-L | words |" in summaries
    assert "| first sentence | 1.000 | 1.000 | 1.000 | 5.000 |" in summaries
    for name in ("ours", "lead of our length", "first two sentences"):
        assert re.search(rf"\| {name} \| 0\.\d+ \| 0\.\d+ \| 0\.\d+ \| \d+\.000 \|", summaries)
    assert page.count("<svg") == page.count("<table>") == 2
    assert page.count("<circle") == sum(len(bins_of(section)) for section in (intents, moods))
    assert all(escape(section.rstrip("\n")) in page for section in sections)
    assert "<b>" not in page
