"""`tickets forget` and the search index: nothing of a forgotten ticket is left in any of Lance's files."""

import numpy as np
import pytest

from resources import lance_erasure
from resources.ordering import Record
from tests.aws.cli.running import printed, tickets
from tests.fakes import LengthEmbedder, fake_suite
from tests.traces import keep_versions, traces
from ticket_assets.domain.models import EnrichedTicket
from ticket_assets.domain.search import Filters

SECRET = "my diagnosis is nobody's business"
VERSION = LengthEmbedder().version


def searched(pipeline, version=VERSION) -> set[str]:
    vector = np.eye(1, 384, dtype=np.float32)[0]
    return {hit["ticket_id"] for hit in pipeline.stores["search_index"].near(version, vector, Filters(), 1000)}


def in_index(pipeline) -> list[str]:
    return [place for place in traces(pipeline, SECRET) if "/search/" in place]


@pytest.fixture
def life(pipeline, request):
    """A ticket with a secret in its rows of two versions and two embedders, beside a neighbour's."""
    if getattr(request, "param", False):
        keep_versions(pipeline)
    keys = [pipeline.put("T-1", subject=SECRET), pipeline.put("T-2", customer_id="CUST-2")]
    pipeline.enrich(*keys)
    pipeline.next_second()
    pipeline.enrich(pipeline.put("T-1", subject=f"{SECRET}!"))
    pipeline.enrich(*keys, suite=fake_suite(embedder=LengthEmbedder(revision="2")))
    return pipeline


@pytest.mark.parametrize("life", [False, True], indirect=True, ids=["plain buckets", "versioned buckets"])
@pytest.mark.parametrize("whom", [("T-1",), ("--customer", "CUST-1")], ids=["by id", "by customer"])
def test_no_file_of_the_index_holds_a_forgotten_ticket_and_its_neighbour_stays(life, whom):
    assert len(in_index(life)) >= 3

    output = printed("forget", *whom, "--yes")

    assert in_index(life) == []
    assert "0 left" in output
    assert searched(life) == searched(life, "length-embedder@2") == {"T-2"}


def test_a_dry_run_names_the_index_and_removes_nothing(life):
    output = printed("forget", "T-1", "--dry-run")

    assert "search index tickets-" in output
    assert SECRET not in output
    assert searched(life) == {"T-1", "T-2"}


def test_a_run_that_was_thought_dead_cannot_bring_a_forgotten_ticket_back(life):
    late = life.records.get("T-1.json")
    printed("forget", "T-1", "--yes")
    record = Record[EnrichedTicket].restore("T-1.json", late.info.metadata, late.body)

    (done,) = life.stores["search_index"].upsert([record], lambda *_: True)

    assert (done.written, done.superseded) == (0, 1)
    assert searched(life) == {"T-2"}
    printed("forget", "--lift", "T-1", "--yes")
    assert life.stores["search_index"].upsert([record], lambda *_: True)[0].written == 1


def test_a_file_that_no_version_names_is_removed_once_no_write_can_name_it(life, monkeypatch):
    """As a write that lost a race leaves it."""
    (file, *_) = in_index(life)
    file = file.partition("/")[2]
    stray = f"{file.rpartition('/')[0]}/stray.lance"
    life.store.put(stray, life.store.get(file).body)

    young = tickets("forget", "T-1", "--yes")
    assert young.exit_code == 1
    assert life.store.head(stray)
    monkeypatch.setattr(lance_erasure, "STRAY_SECONDS", -60)
    assert "0 left" in printed("forget", "T-1", "--yes")
    assert life.store.head(stray) is None
    assert in_index(life) == []
