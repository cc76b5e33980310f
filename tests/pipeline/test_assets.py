"""The assets over real stores: what a batch turns into, and what it never turns into."""

import json

import dagster as dg
import numpy as np
import pytest

from tests.conftest import own_settings
from tests.fakes import LengthEmbedder, fake_suite
from tests.pipeline.conftest import Pipeline
from ticket_assets.domain.join import MixedVersions
from ticket_assets.domain.models import EnrichedTicket, TicketItem


def check(result: dg.ExecuteInProcessResult, name: str) -> dg.AssetCheckEvaluation:
    return next(e for e in result.get_asset_check_evaluations() if e.check_name == name)


def metadata(result: dg.ExecuteInProcessResult, asset: str) -> dict:
    (event,) = result.asset_materializations_for_node(asset)
    return {name: value.value for name, value in event.metadata.items()}


LENGTHS = [f"length{n}" for n in range(30)]
TICKETS = {
    "t1": {"priority": None, "metadata": {"source": "chat", "tags": ["vip"]}, "extra": "ignored"},
    "a": {"priority": "CRITICAL"},
    "b": {"priority": "asap"},
    "empty": {"subject": " ", "body": "", "customer_id": ""},
    "long": {"subject": "x" * 500_000, "body": "", "customer_id": "c" * 5000},
    **{name: {"body": "word " * (20 + n)} for n, name in enumerate(LENGTHS)},
}


@pytest.fixture(scope="module")
def enriched(aws_endpoint):
    """A pipeline after one run of all TICKETS, in another order than their names'."""
    with dg.DagsterInstance.ephemeral() as instance:
        pipeline = Pipeline(own_settings(), instance)
        keys = [pipeline.put(name, **fields) for name, fields in TICKETS.items()]
        assert pipeline.enrich(*reversed(keys)).success
        yield pipeline


def test_a_ticket_becomes_a_full_record_and_an_item(enriched):
    key = "t1.json"
    record = EnrichedTicket.model_validate(enriched.record("t1"))
    assert record.metadata.source == "chat"
    assert record.metadata.tags == ["vip"]
    assert record.enrichment.intent == "login_issue"
    assert record.enrichment.model_version.startswith("fake/length-embedder@1/")
    assert np.linalg.norm(record.enrichment.embedding) == pytest.approx(1)
    assert record.enrichment.processed_at.endswith("Z")
    (item,) = enriched.items("t1")
    assert set(TicketItem.model_fields) - {"priority"} <= set(item)
    assert item["s3_key"] == key
    assert item["summary"] == record.enrichment.summary == "t1: I have been trying"
    assert "embedding" not in item
    assert item["batch"] == enriched.records.head(key).metadata["batch"]


def test_each_ticket_gets_its_own_results(enriched):
    for name in LENGTHS:
        record = EnrichedTicket.model_validate(enriched.record(name))
        text = f"{record.subject}\n{record.body}".strip()
        assert record.enrichment.embedding[1] == pytest.approx(np.sin(len(text) / 10_000), abs=1e-6)


def test_an_explicit_priority_wins_in_any_case_and_any_other_word_is_absent(enriched):
    (loud,), (vague,) = enriched.items("a"), enriched.items("b")
    assert (loud["urgency"], loud["urgency_confidence"]) == ("critical", 1)
    assert (vague["urgency"], vague["urgency_confidence"]) == ("medium", 0.75)


def test_a_ticket_without_text_is_enriched_too(enriched):
    (item,) = enriched.items("empty")
    assert item["summary"] == "(no text)"
    assert "customer_id" not in item


def test_texts_longer_than_an_item_may_be_are_cut_in_the_item_alone(enriched):
    (item,) = enriched.items("long")
    assert len(item["subject"]) == 1000
    assert len(enriched.record("long")["subject"]) == 500_000


def test_bad_objects_go_to_quarantine_and_their_neighbours_are_enriched(pipeline):
    good = pipeline.put("good")
    body = json.dumps({"ticket_id": "other", "subject": "s", "body": "b", "created_at": 1, "customer_id": "c"})
    bad = {
        "text.json": (b"hello", "not_json"),
        "iso.json": (b'{"ticket_id": "iso", "created_at": "2026-01-01"}', "wrong_schema"),
        "mismatch.json": (body.encode(), "key_mismatch"),
        "huge.json": (b" " * (1024 * 1024 + 1), "too_large"),
        "a b+\u00e9.json": (b"{}", "wrong_schema"),
    }
    for key, (content, _) in bad.items():
        pipeline.raw.put(key, content)
    result = pipeline.enrich(good, *bad, "gone.json")
    assert result.success
    assert pipeline.items("good")
    for key, (_, reason) in bad.items():
        assert pipeline.quarantine.find(key).reason == reason
    assert pipeline.quarantine.find("gone.json").reason == "object_gone"
    fields = {error.field for error in pipeline.quarantine.find("iso.json").errors}
    assert fields == {"subject", "body", "created_at", "customer_id"}
    books = check(result, "every_ticket_is_accounted_for")
    assert books.passed
    assert books.metadata["enriched"].value == 1
    assert books.metadata["quarantined"].value == 6
    assert metadata(result, "raw_tickets")["quarantined"] == 6


def test_a_batch_of_nothing_but_bad_objects_succeeds(pipeline):
    pipeline.raw.put("x.json", b"no")
    assert pipeline.enrich("x.json").success


def test_a_newer_good_version_clears_quarantine_and_an_older_record_stays_replaced(pipeline):
    pipeline.raw.put("t1.json", b"broken")
    pipeline.enrich("t1.json")
    assert pipeline.quarantine.find("t1.json")
    pipeline.next_second()
    pipeline.enrich(pipeline.put("t1"))
    assert pipeline.quarantine.find("t1.json") is None
    assert pipeline.items("t1")


def test_a_changed_ticket_has_one_current_record_of_its_newest_version(pipeline):
    first = pipeline.land(pipeline.put("t1", subject="old", created_at=100))
    pipeline.run(first)
    pipeline.next_second()
    pipeline.enrich(pipeline.put("t1", subject="new", created_at=200))
    again = pipeline.run(first)
    (item,) = pipeline.items("t1")
    assert (item["subject"], item["created_at"]) == ("new", 200)
    assert pipeline.record("t1")["subject"] == "new"
    assert check(again, "every_ticket_is_accounted_for").passed


def test_three_deliveries_make_one_record(pipeline):
    key = pipeline.put("t1")
    for _ in range(3):
        assert pipeline.enrich(key).success
    assert len(pipeline.items("t1")) == 1


def test_rows_of_two_model_versions_are_never_joined(pipeline):
    batch = pipeline.land(pipeline.put("t1"))
    pipeline.run(batch)
    pipeline.run(batch, fake_suite(embedder=LengthEmbedder(revision="2")), selection=["raw_tickets"])
    with pytest.raises(MixedVersions, match="run the whole batch again"):
        pipeline.run(batch, selection=["enriched_tickets"])


def test_one_asset_materialized_again_with_other_models_is_never_joined_to_the_rest(pipeline):
    batch = pipeline.land(pipeline.put("t1"))
    pipeline.run(batch)
    other = fake_suite(embedder=LengthEmbedder(revision="2"))
    pipeline.run(batch, other, selection=["summarized_tickets"])
    with pytest.raises(MixedVersions, match="run the whole batch again"):
        pipeline.run(batch, other, selection=["enriched_tickets"])


def test_what_the_ui_plots_is_there(pipeline):
    result = pipeline.enrich(*[pipeline.put(f"t{n}") for n in range(3)])
    for asset in (
        "raw_tickets",
        "embedded_tickets",
        "classified_tickets",
        "summarized_tickets",
        "enriched_tickets",
        "ticket_metadata",
        "ticket_search_index",
    ):
        found = metadata(result, asset)
        assert found["tickets"] == 3
        assert found["milliseconds_per_ticket"] >= 0
        assert found["dagster/partition_row_count"] == 3
        assert found["dagster/column_schema"].columns
    classified = metadata(result, "classified_tickets")
    assert classified["mean_intent_confidence"] == 0.75
    assert "data:image/svg+xml" in classified["labels"]
    assert "t2" in metadata(result, "enriched_tickets")["preview"]


def test_a_batch_that_was_never_landed_is_named(pipeline):
    pipeline.instance.add_dynamic_partitions("ticket_batches", ["nope"])
    with pytest.raises(LookupError, match="batch nope has no manifest"):
        pipeline.run("nope")


def test_a_preview_that_may_show_texts_is_cut_and_shows_markdown_as_it_is(settings):
    with dg.DagsterInstance.ephemeral() as instance:
        pipeline = Pipeline(settings.model_copy(update={"show_text": True}), instance)
        result = pipeline.enrich(pipeline.put("t1", subject="![x](http://e/p.png) " + "y" * 900_000))
    preview = metadata(result, "enriched_tickets")["preview"]
    assert len(preview) < 5_000
    assert "![x](" not in preview
    assert "\\!\\[x\\]" in preview
