"""`tickets compare`: what the models of today would change, asked of a real pipeline, with nothing written."""

import json

import pytest

from resources.aws import client
from tests.aws.cli.running import printed, tickets
from tests.fakes import POISON, WordClassifier, fake_suite
from tests.pipeline.conftest import Pipeline
from ticket_assets import definitions
from ticket_assets.stores.correcting import decide
from tickets_cli import comparing


@pytest.fixture
def today(monkeypatch):
    """The models that the command finds: urgency has learned a word."""
    suite = fake_suite(urgency=WordClassifier(names=["critical", "high", "medium"]))
    monkeypatch.setattr(definitions, "build_models", lambda _: suite)
    return suite


def compared(*arguments: str) -> dict:
    return json.loads(printed("compare", "--json", *arguments))


def everything(pipeline: Pipeline) -> list:
    """What stands in all stores, by version."""
    buckets = (pipeline.records, pipeline.store, pipeline.raw)
    listed = [[(o.key, o.etag) for o in store.list_objects()] for store in buckets]
    return [*listed, client("dynamodb").scan(TableName=pipeline.settings.table)["Items"]]


def test_it_tells_which_labels_would_change_with_examples_and_writes_nothing(pipeline, today):
    keys = [pipeline.put(f"t{n}", subject="high stakes" if n == 1 else "quiet") for n in range(4)]
    assert pipeline.enrich(*keys).success
    before = everything(pipeline)

    told = compared()

    assert everything(pipeline) == before
    assert told["compared"] == 4
    assert told["model_version"] == today.version
    urgency = told["labels"]["urgency"]
    assert (urgency["changed"], urgency["total"]) == (1, 4)
    assert 0 < urgency["low"] < 0.25 < urgency["high"] < 1
    assert urgency["moves"] == [{"from": "medium", "to": "high", "count": 1}]
    (example,) = urgency["examples"]
    assert example["ticket_id"] == "t1"
    assert example["made_by"] == fake_suite().version
    assert example["from"] == {"value": "medium", "confidence": 0.75}
    assert [told["labels"][name]["changed"] for name in ("intent", "sentiment")] == [0, 0]


def test_on_a_screen_an_example_hides_its_subject_and_shows_it_masked_where_that_is_allowed(
    pipeline, today, monkeypatch
):
    assert pipeline.enrich(pipeline.put("t1", subject="high: write to jo@example.com")).success

    screen = printed("compare")
    assert "urgency 1 1 100.0% 20.7% - 100.0% medium -> high 1" in screen
    assert "t1 urgency medium 0.75 -> high 0.75 … 29 characters" in screen
    monkeypatch.setenv("TICKETS_SHOW_TEXT", "true")
    screen = printed("compare")
    assert "high: write to [e-mail]" in screen
    assert "jo@example" not in screen


def test_where_nothing_would_change_it_says_so_also_of_a_corrected_ticket(pipeline, today):
    assert pipeline.enrich(pipeline.put("t1")).success
    decide(pipeline.stores["table"], "t1", {"intent": "bug_report", "urgency": "low"})
    assert "no label of the sample would change" in printed("compare")


def test_the_sample_is_as_large_as_asked_and_of_those_that_are_meant(pipeline, today):
    keys = [pipeline.put(f"t{n}", customer_id=f"C-{n % 2}") for n in range(8)]
    assert pipeline.enrich(*keys).success

    assert compared("--sample", "3")["compared"] == 3
    assert compared("--where", "customer_id=C-1")["compared"] == 4
    assert compared("--where", "model_version=current")["compared"] == 0
    assert compared("--where", "model_version!=current")["compared"] == 8


def test_a_sample_that_is_cut_short_since_a_condition_holds_for_few_says_so(pipeline, today, monkeypatch):
    assert pipeline.enrich(*(pipeline.put(f"t{n}") for n in range(4))).success
    rare = ("--sample", "2", "--where", "customer_id=nobody")
    assert compared(*rare)["cut_after"] is None  # all four were looked at
    monkeypatch.setattr(comparing, "MOST_READ", 1)

    assert compared(*rare)["cut_after"] == 2
    assert "cut after 2 random items" in printed("compare", *rare)
    assert "cut after" not in printed("compare", "--sample", "2")


def test_tickets_that_cannot_be_compared_are_counted_by_their_cause(pipeline, today):
    names = ("t1", "gone", "again", "breaks")
    assert pipeline.enrich(*(pipeline.put(name) for name in names)).success
    pipeline.raw.delete("gone.json")
    pipeline.put("again", subject="another")
    record = pipeline.stores["table"].items("breaks")[0]
    pipeline.put("breaks", subject=POISON)
    etag = pipeline.raw.head("breaks.json").etag
    pipeline.stores["table"].overwrite({**record, "source-etag": {"S": etag}})

    told = compared()
    assert told["compared"] == 1
    assert told["left_out"] == {"gone": 1, "put_again": 1, "failed": 1}
    assert "1 left out: they break a model of today" in printed("compare")


def test_the_mark_of_a_forgotten_ticket_and_a_second_item_are_no_tickets(pipeline, today):
    assert pipeline.enrich(pipeline.put("t1")).success
    (item,) = pipeline.stores["table"].items("t1")
    pipeline.stores["table"].put({**item, "created_at": {"N": "1"}}, None)
    pipeline.stores["table"].overwrite({"ticket_id": {"S": "t2"}, "created_at": {"N": "0"}, "stamp": {"S": "x"}})

    assert compared()["compared"] == 1


def test_a_bad_condition_is_one_line(pipeline, today):
    result = tickets("compare", "--where", "urgency=urgent")
    assert result.exit_code == 1
    assert result.stderr.startswith("error: 'urgency=urgent': urgency is one of")
