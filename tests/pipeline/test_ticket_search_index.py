"""The asset that can fail nothing: what is in the index after a run, and what becomes of a run without one."""

import dagster as dg
import numpy as np
import pytest

from tests.fakes import LengthEmbedder, fake_suite
from ticket_assets.assets.ticket_books import ticket_books
from ticket_assets.domain.search import Filters
from ticket_assets.stores import books
from ticket_assets.stores.search_backlog import Backlog
from ticket_assets.stores.search_index import SearchIndex

ANY = np.eye(1, 384, dtype=np.float32)[0]
VERSION = LengthEmbedder().version
CHECK = "the_batch_can_be_searched"


def found(pipeline, version=VERSION) -> dict[str, str]:
    hits = pipeline.stores["search_index"].near(version, ANY, Filters(), 1000)
    return {hit["ticket_id"]: hit["customer_id"] for hit in hits}


def check(result: dg.ExecuteInProcessResult, name: str = CHECK) -> dg.AssetCheckEvaluation:
    return next(e for e in result.get_asset_check_evaluations() if e.check_name == name)


@pytest.fixture
def without_index(pipeline):
    """The pipeline, whose index lies in a bucket that is not there."""
    there = pipeline.stores["search_index"]
    pipeline.stores["search_index"] = SearchIndex("no-such-bucket")
    yield pipeline
    pipeline.stores["search_index"] = there


def reconciled(pipeline, monkeypatch) -> dg.ExecuteInProcessResult:
    monkeypatch.setattr(books, "SETTLED_SECONDS", -60)  # what was made just now counts
    return dg.materialize([ticket_books], instance=pipeline.instance, resources=pipeline.stores)


def test_a_batch_can_be_searched_after_its_run(pipeline):
    result = pipeline.enrich(pipeline.put("t1"), pipeline.put("t2", customer_id="CUST-2"))

    assert found(pipeline) == {"t1": "CUST-1", "t2": "CUST-2"}
    assert check(result).passed
    (event,) = result.asset_materializations_for_node("ticket_search_index")
    assert event.metadata["written"].value == event.metadata["rows"].value == 2


def test_a_run_of_an_older_version_leaves_the_newer_row(pipeline):
    first = pipeline.land(pipeline.put("t1", customer_id="old"))
    pipeline.run(first)
    pipeline.next_second()
    pipeline.enrich(pipeline.put("t1", customer_id="new"))
    pipeline.run(first)

    assert found(pipeline) == {"t1": "new"}


def test_a_run_without_an_index_enriches_its_batch_and_says_what_is_missing(without_index, monkeypatch):
    result = without_index.enrich(without_index.put("t1"))

    assert result.success
    assert len(without_index.items("t1")) == 1
    assert check(result, "every_ticket_is_accounted_for").passed
    assert not check(result).passed
    assert "NoSuchBucket" in (check(result).description or "")
    assert result.asset_materializations_for_node("ticket_search_index") == []
    assert without_index.batches.failed() == []


def test_the_next_run_makes_up_for_a_batch_that_the_index_lacks(pipeline):
    there, pipeline.stores["search_index"] = pipeline.stores["search_index"], SearchIndex("no-such-bucket")
    pipeline.enrich(pipeline.put("t1"))
    pipeline.stores["search_index"] = there
    assert Backlog(pipeline.store).oldest(9)

    pipeline.enrich(pipeline.put("t2"))

    assert found(pipeline).keys() == {"t1", "t2"}
    assert Backlog(pipeline.store).oldest(9) == []


def test_the_books_balance_without_an_index_and_tell_what_it_lacks(pipeline, monkeypatch):
    there, pipeline.stores["search_index"] = pipeline.stores["search_index"], SearchIndex("no-such-bucket")
    pipeline.enrich(pipeline.put("t1"))
    unknown = reconciled(pipeline, monkeypatch)
    pipeline.stores["search_index"] = there
    lacking = reconciled(pipeline, monkeypatch)
    pipeline.enrich(pipeline.put("t2"))
    whole = reconciled(pipeline, monkeypatch)

    for result in (unknown, lacking, whole):
        assert check(result, "the_books_balance").passed
    found = [check(result, "every_enriched_ticket_can_be_searched") for result in (unknown, lacking, whole)]
    assert [each.passed for each in found] == [False, False, True]
    assert found[1].metadata["names"].value == ["t1"]
    assert "tickets reindex" in (found[1].description or "")


def test_a_backfill_of_the_asset_alone_makes_the_index_anew(pipeline):
    batches = [pipeline.land(pipeline.put("t1"), pipeline.put("t2")), pipeline.land(pipeline.put("t3"))]
    for batch in batches:
        pipeline.run(batch)
    before = found(pipeline)
    pipeline.store.delete_versions(list(pipeline.store.list_versions("search/")))

    for batch in batches:
        assert pipeline.run(batch, selection=["ticket_search_index"]).success

    assert found(pipeline) == before
    assert len(before) == 3


def test_a_better_embedder_has_a_table_of_its_own(pipeline):
    batch = pipeline.land(pipeline.put("t1"))
    pipeline.run(batch)
    pipeline.run(batch, fake_suite(embedder=LengthEmbedder(revision="2")))

    assert found(pipeline, "length-embedder@2").keys() == found(pipeline).keys() == {"t1"}
