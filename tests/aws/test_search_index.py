"""The search index over a real bucket: what stands, in whatever order and however many write; what is found."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from resources import lance_table
from resources.lance_client import IndexUnavailable
from resources.lance_indexes import Growth, probes
from resources.ordering import TOMBSTONE
from tests.conftest import own_settings
from tests.support import UNIT_VECTOR, index_record, stamp
from ticket_assets.domain.search import Filters
from ticket_assets.stores.search_index import NotIndexed, SearchIndex
from tickets_cli.processes import free_port

EMBEDDER = "embedder@1"
FIRST = np.array(UNIT_VECTOR, dtype=np.float32)
LARGE = Growth(rows=1_100, sub_vectors=16, probes=1)


@pytest.fixture
def index(settings):
    return SearchIndex(settings.pipeline_bucket)


def never_asked(key, etag):
    raise AssertionError(f"{key} is asked for")


def subjects(index, **filters) -> dict[str, str]:
    return {hit["ticket_id"]: hit["subject"] for hit in index.near(EMBEDDER, FIRST, Filters(**filters), 1000)}


def written(index, *records, current=never_asked) -> int:
    return sum(each.written for each in index.upsert(records, current))


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1), (2, 3, 1), (2, 1, 2)])
def test_the_newest_version_stands_whatever_comes_last(index, order):
    for age in order:
        written(index, index_record(1, stamp(age), subject=f"version {age}"))

    assert subjects(index) == {"T-1": f"version {max(order)}"}


def test_of_two_versions_of_one_second_the_one_stands_that_the_source_has(index):
    now = "e-b"
    one, other = (index_record(1, stamp(100, etag=etag), subject=etag) for etag in ("e-a", "e-b"))
    seen = []

    def current(key, etag):
        seen.append(key)
        return etag == now

    written(index, one, current=current)
    assert written(index, other, current=current) == 1
    assert written(index, one, current=current) == 0
    assert subjects(index) == {"T-1": "e-b"}
    assert set(seen) == {"T-1.json"}


def test_batches_that_write_at_once_leave_one_row_a_ticket_in_its_newest_version(index):
    def write(age):
        return written(index, *(index_record(number, stamp(age), subject=f"{age}") for number in range(20)))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, [3, 6, 1, 5, 2, 4]))  # the first of them make the table at the same time

    assert index.table(EMBEDDER).facts().rows == 20
    assert set(subjects(index).values()) == {"6"}


def test_the_nearest_come_first_with_their_similarity_and_only_those_that_pass_the_filters(index):
    urgencies = ["critical", "low", "medium"]
    records = [
        index_record(n, stamp(1), urgency=urgencies[n % 3], created_at=1000 + n, customer_id=f"it's {n % 2}")
        for n in range(30)
    ]
    written(index, *records)

    found = index.near(EMBEDDER, FIRST, Filters(), 3)
    assert [hit["ticket_id"] for hit in found] == ["T-0", "T-1", "T-2"]
    assert [hit["score"] for hit in found] == pytest.approx([1, np.cos(0.01), np.cos(0.02)], abs=1e-6)
    # The filters come first: T-29 is found among the first two although 20 others are nearer.
    assert list(subjects(index, urgency="medium", since=1025)) == ["T-26", "T-29"]
    assert list(subjects(index, customer="it's 1", urgency="critical", intent="login_issue", sentiment="NEGATIVE")) == [
        "T-3",
        "T-9",
        "T-15",
        "T-21",
        "T-27",
    ]
    assert list(subjects(index, customer="' OR '1' = '1")) == []


def test_a_search_ranks_by_vector_and_by_the_words_of_subjects_together(index):
    subjects = {0: "A", 1: "Printers on fire", 2: "B", 40: "The printer burns", 41: "printer, said it's 'odd'"}
    written(index, *(index_record(n, stamp(1), subject=subject) for n, subject in subjects.items()))
    written(index, index_record(40, stamp(2), subject="The scanner burns"))  # after its words were indexed

    found = index.search(EMBEDDER, "printer", FIRST, Filters(), 3)
    assert [hit["ticket_id"] for hit in found] == ["T-1", "T-41", "T-0"]
    assert found[0]["score"] == pytest.approx(1 / 62 + 1 / 61, abs=1e-3)
    assert [hit["ticket_id"] for hit in index.search(EMBEDDER, "PRINTERS", FIRST, Filters(since=10**10), 3)] == []
    index.put_tombstones(["T-1"], TOMBSTONE)
    assert "T-1" not in [hit["ticket_id"] for hit in index.search(EMBEDDER, "printer", FIRST, Filters(), 9)]


def test_vectors_of_two_embedders_are_never_compared(index):
    written(index, index_record(1, stamp(1)), index_record(2, stamp(1), embedder="embedder@2"))

    assert list(subjects(index)) == ["T-1"]
    with pytest.raises(NotIndexed, match=r"no vectors of embedder@3, only of embedder@1, embedder@2, .*backfill"):
        index.near("embedder@3", FIRST, Filters(), 1)


def test_an_empty_index_and_a_ticket_that_is_not_in_it_are_said_to_be_so(index):
    with pytest.raises(NotIndexed, match="the search index is empty: `tickets reindex`"):
        index.near(EMBEDDER, FIRST, Filters(), 1)
    written(index, index_record(1, stamp(1)))
    with pytest.raises(NotIndexed, match="ticket T-2 is not in the search index"):
        index.vector_of(EMBEDDER, "T-2")
    assert index.vector_of(EMBEDDER, "T-1") == pytest.approx(index_record(1, stamp(1)).body.enrichment.embedding)


def test_a_tombstone_refuses_every_later_write_until_it_is_lifted(index):
    written(index, index_record(1, stamp(1)), index_record(2, stamp(1)))
    index.put_tombstones(["T-1", "T-3"], TOMBSTONE)

    assert written(index, *(index_record(number, stamp(2_000_000_000)) for number in (1, 2, 3))) == 1
    assert list(subjects(index)) == ["T-2"]
    with pytest.raises(NotIndexed):
        index.vector_of(EMBEDDER, "T-1")
    assert [hit["ticket_id"] for hit in index.search(EMBEDDER, "subject", FIRST, Filters(), 9)] == ["T-2"]
    index.lift_tombstone("T-1", TOMBSTONE)
    assert written(index, *(index_record(number, stamp(2_000_000_000)) for number in (1, 3))) == 1


def test_no_files_are_merged_while_a_person_waits(index, monkeypatch):
    monkeypatch.setattr(lance_table, "FRAGMENTS", 1)

    done = [index.upsert([index_record(n, stamp(1))], never_asked, tend=False)[0] for n in range(3)]

    assert not any(each.tended for each in done)
    assert index.table(EMBEDDER).facts().fragments == 3


def test_files_are_merged_once_they_are_many_and_every_row_stays(index, monkeypatch):
    monkeypatch.setattr(lance_table, "FRAGMENTS", 8)
    tended = []
    for number in range(9):
        (done,) = index.upsert([index_record(number, stamp(1))], never_asked)
        tended.append(done.tended)

    assert tended == [*[False] * 7, True, False]
    assert index.table(EMBEDDER).facts().fragments == 2
    assert len(subjects(index)) == 9


def test_a_large_table_gets_an_index_of_its_vectors_which_takes_in_what_comes_later(settings):
    rows = Growth(rows=300, sub_vectors=16, probes=4)
    index = SearchIndex(settings.pipeline_bucket, rows)
    table = index.table(EMBEDDER)
    written(index, *(index_record(number, stamp(1)) for number in range(299)))
    table.settle()
    assert table.facts().unindexed == 299  # too small
    written(index, *(index_record(number, stamp(1)) for number in range(299, 400)))
    table.settle()
    assert table.facts().unindexed == 0
    lonely = index_record(5_000, stamp(1))  # on the other side of T-0
    written(index, index_record(0, stamp(2), subject="newer"), lonely)
    assert table.facts().unindexed == 2
    (first,) = index.near(EMBEDDER, FIRST, Filters(), 1)
    assert (first["ticket_id"], first["subject"]) == ("T-0", "newer")
    vector = np.array(lonely.body.enrichment.embedding, dtype=np.float32)
    assert [hit["ticket_id"] for hit in index.near(EMBEDDER, vector, Filters(), 1)] == ["T-5000"]
    table.settle()
    assert table.facts().unindexed == 0
    assert [hit["ticket_id"] for hit in index.near(EMBEDDER, FIRST, Filters(), 1)] == ["T-0"]
    index.put_tombstones(["T-0", "T-5000"], TOMBSTONE)
    for sought in (FIRST, vector):
        assert not {"T-0", "T-5000"} & {hit["ticket_id"] for hit in index.near(EMBEDDER, sought, Filters(), 400)}


def test_what_comes_later_is_a_part_of_the_index_until_the_parts_are_many_and_become_one(settings, monkeypatch):
    monkeypatch.setattr(lance_table, "FRAGMENTS", 1)  # every write is followed by a merge
    index = SearchIndex(settings.pipeline_bucket, Growth(rows=300, sub_vectors=16, probes=4, parts=3))
    table, parts = index.table(EMBEDDER), []
    for first, end in ((0, 300), (300, 320), (320, 340), (340, 360), (360, 380)):
        written(index, *(index_record(number, stamp(1)) for number in range(first, end)))
        parts.append(table.opened().stats.index_stats("vector")["num_indices"])
        assert table.facts().unindexed == 0

    assert parts == [1, 2, 3, 1, 2]
    for number in (0, 250, 379):
        vector = np.array(index_record(number, stamp(1)).body.enrichment.embedding, dtype=np.float32)
        assert f"T-{number}" in {hit["ticket_id"] for hit in index.near(EMBEDDER, vector, Filters(), 9)}
    written(index, index_record(500, stamp(1)))
    table.settle()
    assert table.opened().stats.index_stats("vector")["num_indices"] == 1


@pytest.fixture(scope="module")
def large(aws_endpoint):
    """The pipeline bucket of a table of 1,100 vectors with an index of them; a hundredth is of the customer "rare"."""
    bucket = own_settings().pipeline_bucket
    index = SearchIndex(bucket, LARGE)
    # All around the circle, so in every partition.
    written(index, *(index_record(n, stamp(1), customer_id="C-1" if n % 100 else "rare") for n in range(1_100)))
    index.table(EMBEDDER).settle()
    return bucket


def test_a_search_by_the_index_does_not_read_every_vector(large, monkeypatch):
    table = SearchIndex(large, LARGE._replace(candidates=10)).table(EMBEDDER)
    dataset = table.opened()
    monkeypatch.setattr(table, "opened", lambda: dataset)
    dataset.io_stats_incremental()

    assert table.nearest(FIRST, "", ["ticket_id"], 1)[0]["ticket_id"] == "T-0"
    assert 0 < dataset.io_stats_incremental().read_bytes < 1_100 * FIRST.nbytes / 2


def test_a_rare_filter_finds_all_that_it_holds_for_also_by_the_index(large):
    index = SearchIndex(large, LARGE)
    assert index.table(EMBEDDER).facts().unindexed == 0

    found = index.near(EMBEDDER, FIRST, Filters(customer="rare"), 20)
    assert {hit["ticket_id"] for hit in found} == {f"T-{n}" for n in range(0, 1_100, 100)}


def test_the_fewer_pass_a_filter_the_more_of_the_index_is_searched(large):
    dataset = SearchIndex(large, LARGE).table(EMBEDDER).opened()

    assert probes(dataset, LARGE, "", 100) == 1
    assert probes(dataset, LARGE, "customer_id = 'C-1'", 100) == 4  # of 33: a hundred of 1,089 rows
    assert probes(dataset, LARGE, "customer_id = 'rare'", 10) == 31  # ten of eleven
    assert probes(dataset, LARGE, "customer_id = 'nobody'", 10) > 33


def test_a_server_that_is_away_is_one_line_that_names_it(index, monkeypatch):
    nowhere = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", nowhere)

    with pytest.raises(IndexUnavailable, match=nowhere) as failure:
        index.near(EMBEDDER, FIRST, Filters(), 1)
    assert "\n" not in str(failure.value)
