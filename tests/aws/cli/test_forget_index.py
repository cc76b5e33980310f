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


def in_index(pipeline, secret: str = SECRET) -> list[str]:
    return [place for place in traces(pipeline, secret) if "/search/" in place]


@pytest.fixture
def one(pipeline):
    """A ticket with a secret beside a neighbour's."""
    assert pipeline.enrich(pipeline.put("T-1", subject=SECRET), pipeline.put("T-2", customer_id="CUST-2")).success
    return pipeline


@pytest.mark.parametrize("versions", [False, True], ids=["plain buckets", "versioned buckets"])
def test_no_file_of_the_index_holds_a_forgotten_ticket_and_its_neighbour_stays(pipeline, versions):
    """Two tickets with rows of two versions and two embedders: forgotten by id, and by customer."""
    if versions:
        keep_versions(pipeline)
    secrets = {"T-1": SECRET, "T-3": "nor is what I earn"}
    keys = [pipeline.put("T-1", subject=SECRET), pipeline.put("T-2", customer_id="CUST-2")]
    pipeline.enrich(*keys, pipeline.put("T-3", subject=secrets["T-3"], customer_id="CUST-3"))
    pipeline.next_second()
    again = [pipeline.put("T-1", subject=f"{SECRET}!")]
    again.append(pipeline.put("T-3", subject=f"{secrets['T-3']}!", customer_id="CUST-3"))
    pipeline.enrich(*again)
    pipeline.enrich(*keys, "T-3.json", suite=fake_suite(embedder=LengthEmbedder(revision="2")))
    assert all(len(in_index(pipeline, secret)) >= 3 for secret in secrets.values())

    output = printed("forget", "T-1", "--dry-run")

    assert "search index tickets-" in output
    assert SECRET not in output
    assert searched(pipeline) == {"T-1", "T-2", "T-3"}
    left = {"T-1", "T-2", "T-3"}
    for name, whom in (("T-1", ("T-1",)), ("T-3", ("--customer", "CUST-3"))):
        assert in_index(pipeline, secrets[name])
        output = printed("forget", *whom, "--yes")
        assert in_index(pipeline, secrets[name]) == []
        assert "0 left" in output
        left -= {name}
        assert searched(pipeline) == searched(pipeline, "length-embedder@2") == left


def test_a_run_that_was_thought_dead_cannot_bring_a_forgotten_ticket_back(one):
    late = one.records.get("T-1.json")
    printed("forget", "T-1", "--yes")
    record = Record[EnrichedTicket].restore("T-1.json", late.info.metadata, late.body)

    (done,) = one.stores["search_index"].upsert([record], lambda *_: True)

    assert (done.written, done.superseded) == (0, 1)
    assert searched(one) == {"T-2"}
    printed("forget", "--lift", "T-1", "--yes")
    assert one.stores["search_index"].upsert([record], lambda *_: True)[0].written == 1


def test_a_file_that_no_version_names_is_removed_once_no_write_can_name_it(one, monkeypatch):
    """As a write that lost a race leaves it."""
    (file, *_) = in_index(one)
    file = file.partition("/")[2]
    stray = f"{file.rpartition('/')[0]}/stray.lance"
    one.store.put(stray, one.store.get(file).body)

    young = tickets("forget", "T-1", "--yes")
    assert young.exit_code == 1
    assert one.store.head(stray)
    monkeypatch.setattr(lance_erasure, "STRAY_SECONDS", -60)
    assert "0 left" in printed("forget", "T-1", "--yes")
    assert one.store.head(stray) is None
    assert in_index(one) == []
