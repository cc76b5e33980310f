"""`tickets versions`: what each version made, from the last books for nothing, or from the table."""

import json

import dagster as dg
import pytest

from tests.aws.cli.running import printed
from tests.fakes import LengthEmbedder, fake_suite
from ticket_assets import definitions
from ticket_assets.assets.ticket_books import ticket_books

OLD, NEW = fake_suite(), fake_suite(embedder=LengthEmbedder(revision="2"))


@pytest.fixture
def enriched(pipeline, monkeypatch):
    """Three tickets of the old version, one of the new, which is current; one forgotten, which has none."""
    monkeypatch.setattr(definitions, "build_models", lambda _: NEW)
    assert pipeline.enrich(*(pipeline.put(f"t{n}") for n in range(3)), suite=OLD).success
    assert pipeline.enrich(pipeline.put("t3"), suite=NEW).success
    pipeline.stores["table"].overwrite({"ticket_id": {"S": "t9"}, "created_at": {"N": "0"}, "stamp": {"S": "x"}})
    return pipeline


def make_books(pipeline) -> None:
    names = ("raw_store", "record_store", "pipeline_store", "table", "queue", "search_index")
    resources = {name: pipeline.stores[name] for name in names}
    dg.materialize([ticket_books], instance=pipeline.instance, resources=resources)


def test_without_books_the_table_is_read_and_the_cost_told(enriched):
    screen = printed("versions")

    assert "reading the whole table" in screen
    assert "3 75.0%" in screen
    assert "4 records, counted" in screen
    assert "3 are of other versions: see `tickets compare --where model_version!=current`" in screen
    assert json.loads(printed("versions", "--json"))["versions"] == {OLD.version: 3, NEW.version: 1}


def test_the_last_books_are_asked_where_there_are_some_and_the_table_when_it_must_be_now(enriched, monkeypatch):
    make_books(enriched)
    assert enriched.enrich("t0.json", suite=NEW).success

    told = json.loads(printed("versions", "--json"))
    assert told["versions"] == {OLD.version: 3, NEW.version: 1}
    assert told["current"] == NEW.version
    assert "ticket_books" in told["source"]
    with monkeypatch.context() as nobody_is_asked:
        nobody_is_asked.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        assert json.loads(printed("versions", "--json"))["at"] == told["at"]
    assert json.loads(printed("versions", "--json", "--now"))["versions"] == {OLD.version: 2, NEW.version: 2}

    assert enriched.enrich("t1.json", "t2.json", suite=NEW).success
    screen = printed("versions", "--now")
    assert "current" in screen
    assert "other versions" not in screen
