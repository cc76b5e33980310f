"""What people decide of a ticket's labels: it wins everywhere, moves with the ticket, and can be undone."""

import json

import dagster as dg
import numpy as np
import pytest
from typer.testing import CliRunner

from resources.object_store import WriteConflict
from tests.conftest import own_settings
from tests.fakes import LengthEmbedder, WordClassifier, fake_suite
from tests.pipeline.conftest import Pipeline
from ticket_assets.domain.search import Filters
from ticket_assets.settings import variable
from ticket_assets.stores.correcting import NoSuchTicket, decide, standing_items
from ticket_assets.stores.search_index import SearchIndex
from tickets_cli.main import app


@pytest.fixture(scope="module")
def enriched(aws_endpoint):
    """Tickets that one run has enriched, for tests that each take one and need no other run."""
    with dg.DagsterInstance.ephemeral() as instance:
        pipeline = Pipeline(own_settings(), instance)
        assert pipeline.enrich(*[pipeline.put(name) for name in OWN]).success
        yield pipeline


@pytest.fixture
def shared(enriched, monkeypatch):
    """Their stores under the names that a command reads from its environment."""
    for name in ("raw_bucket", "enriched_bucket", "pipeline_bucket", "table"):
        monkeypatch.setenv(variable(name), getattr(enriched.settings, name))
    return enriched


OWN = ("race", "show", "say", "no-index", "retired", "unknown")


def newer_suite():
    return fake_suite(intent=WordClassifier(names=["general_inquiry", "other"]))


def test_a_correction_wins_over_later_runs_of_any_model_version_and_can_be_undone(pipeline):
    batch = pipeline.land(pipeline.put("t1"))
    pipeline.run(batch)
    table = pipeline.stores["table"]
    decide(table, "t1", {"intent": "payment_issue"})
    pipeline.run(batch, newer_suite())
    (item,) = pipeline.items("t1")
    assert (item["intent"], item["intent_confidence"]) == ("payment_issue", 1)
    assert item["model_version"] == newer_suite().version
    decide(table, "t1", {})
    (item,) = pipeline.items("t1")
    assert (item["intent"], item["intent_confidence"]) == ("other", 0.75)
    assert [sorted(entry) for entry in item["corrections"]] == [["at", "values"], ["at", "undo"]]


def test_a_correction_follows_the_ticket_to_another_created_at(pipeline):
    pipeline.enrich(pipeline.put("t1"))
    decide(pipeline.stores["table"], "t1", {"sentiment": "POSITIVE"})
    pipeline.enrich(pipeline.put("t1", created_at=1_760_000_001))
    (item,) = pipeline.items("t1")
    assert (item["created_at"], item["sentiment"]) == (1_760_000_001, "POSITIVE")


def test_a_write_that_did_not_see_a_correction_is_refused(shared):
    table = shared.stores["table"]
    (seen,) = standing_items(table, "race")
    decide(table, "race", {"urgency": "low"})
    for write in (lambda: table.put(seen, seen), lambda: table.delete(seen)):
        with pytest.raises(WriteConflict):
            write()
    assert shared.items("race")[0]["urgency"] == "low"


def test_a_ticket_is_shown_with_its_corrections(shared):
    decide(shared.stores["table"], "show", {"intent": "bug_report"})
    done = CliRunner().invoke(app, ["show", "ticket", "show", "--json"])
    assert done.exit_code == 0, done.output
    shown = json.loads(done.stdout)
    assert shown["corrections"][0]["values"] == {"intent": "bug_report", "intent_confidence": 1}
    assert shown["computed"] == {"intent": "login_issue", "intent_confidence": 0.75}


def test_a_ticket_without_an_item_is_named(pipeline):
    with pytest.raises(NoSuchTicket, match="nobody has no item"):
        decide(pipeline.stores["table"], "nobody", {"urgency": "low"})


def test_the_command_shows_what_a_person_decided_and_what_the_models_say(shared):
    done = CliRunner().invoke(app, ["correct", "say", "--intent", "bug_report"])
    assert done.exit_code == 0, done.output
    assert "intent: bug_report (by a person; the models say login_issue)" in done.output


def intent_in_index(pipeline) -> tuple[str, float]:
    hits = pipeline.stores["search_index"].near(LengthEmbedder().version, np.eye(384)[0], Filters(), 9)
    return next((hit["intent"], hit["intent_confidence"]) for hit in hits if hit["ticket_id"] == "t1")


def test_searches_show_what_a_person_decided_at_once_and_after_every_later_write_of_the_index(named):
    batch = named.land(named.put("t1"))
    named.run(batch)
    assert CliRunner().invoke(app, ["correct", "t1", "--intent", "bug_report"]).exit_code == 0
    assert intent_in_index(named) == ("bug_report", 1)
    named.run(batch, newer_suite())
    assert intent_in_index(named) == ("bug_report", 1)
    assert CliRunner().invoke(app, ["reindex", "--yes"]).exit_code == 0
    assert intent_in_index(named) == ("bug_report", 1)
    assert CliRunner().invoke(app, ["correct", "t1", "--undo"]).exit_code == 0
    assert intent_in_index(named) == ("other", 0.75)


def test_a_decision_while_the_index_is_written_is_in_it_too(pipeline):
    batch = pipeline.land(pipeline.put("t1"))
    pipeline.run(batch)
    labels = iter(["bug_report", "data_request"])

    class Interrupted(SearchIndex):
        def upsert(self, records, is_current, decided=None, **how):
            for label in labels:
                decide(pipeline.stores["table"], "t1", {"intent": label})
                break
            return super().upsert(records, is_current, decided, **how)

    pipeline.stores["search_index"] = Interrupted(pipeline.store.bucket)
    pipeline.run(batch)
    assert intent_in_index(pipeline) == ("data_request", 1)


def test_a_correction_stands_without_an_index_and_the_command_says_what_searches_show(shared, monkeypatch):
    monkeypatch.setenv(variable("pipeline_bucket"), "no-such-bucket")
    done = CliRunner().invoke(app, ["correct", "no-index", "--intent", "bug_report"])
    assert done.exit_code == 0, done.output
    assert "searches show what was before" in " ".join(done.output.split())
    assert shared.items("no-index")[0]["intent"] == "bug_report"


def test_a_decision_whose_label_is_gone_from_the_file_is_noticed(shared):
    decide(shared.stores["table"], "retired", {"intent": "retired"})
    done = CliRunner().invoke(app, ["correct", "retired"])
    assert "'retired' is no intent any more" in " ".join(done.output.split())


def test_an_unknown_label_is_refused_with_those_that_exist(shared):
    done = CliRunner().invoke(app, ["correct", "unknown", "--intent", "weather"])
    assert done.exit_code == 1
    assert "choose one of login_issue" in done.output
    assert "corrections" not in shared.items("unknown")[0]
