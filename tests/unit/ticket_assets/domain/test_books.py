"""What the books decide from listings and stamps alone."""

import string
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_assets.domain.books import (
    FORGOTTEN,
    Books,
    Depth,
    OldestUnaccounted,
    Source,
    State,
    Unaccounted,
    is_quarantined,
    judge,
    lone_record_state,
    merge,
    record_state,
)
from ticket_assets.domain.quarantine import QuarantineEntry, Reason


class Listed(NamedTuple):
    key: str
    etag: str = "e"
    last_modified: int = 100


def listing(*keys: str) -> list[Listed]:
    return [Listed(key) for key in sorted(keys)]


KEYS = st.sets(st.text(string.printable + "é日😀", max_size=3).map(lambda name: f"{name}.json"))


@given(KEYS, KEYS)
def test_a_merge_pairs_what_both_listings_have_and_keeps_what_one_has(raw, records):
    pairs = list(merge(listing(*raw), listing(*records)))

    assert [pair.key for pair in pairs] == sorted(raw | records)
    assert {pair.key for pair in pairs if pair.raw} == raw
    assert {pair.key for pair in pairs if pair.record} == records
    assert all(side is None or side.key == pair.key for pair in pairs for side in (pair.raw, pair.record))


def test_a_merge_passes_over_what_is_no_ticket():
    assert list(merge(listing("a.txt", "json"), listing("b.json.bak"))) == []


def test_a_merge_takes_from_a_listing_only_what_it_needs_next():
    def endless():
        for number in range(10**9):
            yield Listed(f"{number:09d}.json")

    pairs = merge(endless(), endless())
    assert [next(pairs).key for _ in range(3)] == ["000000000.json", "000000001.json", "000000002.json"]


RAW = Listed("T-1.json", etag="now", last_modified=100)
RECORD = Listed("T-1.json", etag="r", last_modified=150)
NOW, BEFORE, AFTER = Source("now", 100), Source("before", 90), Source("after", 110)


@pytest.mark.parametrize(
    ("record", "items", "state"),
    [
        (RECORD, [NOW], State.ENRICHED),
        (RECORD, [AFTER], State.ENRICHED),  # a newer version than the listing knew
        (RECORD, [BEFORE, NOW], State.STALE),  # two items where there must be one
        (RECORD, [NOW, NOW], State.STALE),
        (RECORD, [Source(FORGOTTEN, 99_999_999_999), NOW], State.ENRICHED),  # a tombstone is no item of the ticket
        (RECORD._replace(last_modified=100), [NOW], State.ENRICHED),
        (RECORD._replace(last_modified=99), [NOW], State.STALE),  # it was there before this version was put
        (RECORD, [BEFORE], State.STALE),
        (RECORD, [Source("other", 100)], State.STALE),  # another version of the same second
        (RECORD, [Source(FORGOTTEN, 99_999_999_999)], State.STALE),
        (RECORD, [], State.MISSING),
        (None, [NOW], State.MISSING),
        (None, [], State.MISSING),
    ],
)
def test_a_ticket_is_enriched_where_record_and_item_are_of_its_current_version(record, items, state):
    assert record_state(RAW, record, items) is state


def test_a_record_without_raw_object_is_orphaned_unless_it_stands_for_an_erased_ticket():
    assert lone_record_state([]) is State.ORPHANED
    assert lone_record_state([NOW]) is State.ORPHANED
    assert lone_record_state([Source(FORGOTTEN, 99_999_999_999)]) is State.FORGOTTEN


def entry(etag: str, last_modified: int, read_at: float = 120.0) -> QuarantineEntry:
    return QuarantineEntry(
        key="T-1.json",
        reason=Reason.NOT_JSON,
        errors=[],
        etag=etag,
        last_modified=last_modified,
        read_at=read_at,
        batch="b",
        at="2026-11-23T11:20:05Z",
    )


@pytest.mark.parametrize(
    ("found", "quarantined"),
    [
        (None, False),
        (entry("now", 100), True),
        (entry("now", 90), True),  # the same bytes put again
        (entry("before", 90), False),
        (entry("other", 100), False),
        (entry("after", 110), True),
        (entry("", 0, read_at=101.0), True),  # S3 would not give what is there
        (entry("", 0, read_at=100.9), False),  # it may have been put after the look, in the same second
    ],
)
def test_an_entry_counts_where_it_is_not_of_an_older_version(found, quarantined):
    assert is_quarantined(RAW, found) is quarantined


def unaccounted(age: int) -> Unaccounted:
    return Unaccounted(age, f"T-{age}.json", State.MISSING)


@given(st.lists(st.integers(0, 50), unique=True), st.integers(1, 60))
def test_of_many_unaccounted_the_oldest_keep_their_names_and_all_are_counted(ages, most):
    kept = OldestUnaccounted(most)
    for age in ages:
        kept.add(unaccounted(age))

    assert kept.total == len(ages)
    assert kept.oldest() == [unaccounted(age) for age in sorted(ages)[:most]]


@pytest.mark.parametrize(
    ("known", "total", "messages", "expected"),
    [
        (3, 3, 0, (0, [0, 1, 2], 0)),
        (3, 3, 1, (1, [0, 1], 0)),  # the newest may be in the queue
        (3, 3, 9, (3, [], 0)),
        (3, 10, 2, (2, [0, 1, 2], 5)),
        (3, 10, 8, (8, [0, 1], 0)),
        (0, 0, 5, (0, [], 0)),
    ],
)
def test_the_newest_unaccounted_may_be_in_the_queue_and_the_others_are_lost(known, total, messages, expected):
    found = judged(known, total, Depth(0, messages))

    assert found == expected


@pytest.mark.parametrize(
    ("known", "total", "depth", "expected"),
    [
        (0, 5, (5, 0), (5, [], 0)),  # worked off meanwhile
        (0, 5, (3, 0), (3, [], 2)),
        (0, 5, (3, 4), (4, [], 1)),
        (3, 5, (5, 0), (2, [0, 1, 2], 0)),  # what has a name was looked at again since
        (3, 3, (3, 0), (0, [0, 1, 2], 0)),
    ],
)
def test_what_was_not_looked_at_again_may_have_been_in_the_queue_before(known, total, depth, expected):
    assert judged(known, total, Depth(*depth)) == expected


@pytest.mark.parametrize(
    ("known", "total", "messages", "expected"),
    [
        (6, 6, 0, (2, [0, 1, 2, 3], 0)),  # 4 and 5 are young
        (6, 6, 2, (2, [0, 1, 2, 3], 0)),  # and these are their messages
        (6, 6, 3, (5, [0], 0)),  # a backlog: which messages are the young ones' is not known
        (6, 9, 0, (5, [0, 1, 2, 3], 0)),  # what has no name is younger still
        (4, 9, 0, (0, [0, 1, 2, 3], 5)),
    ],
)
def test_the_young_are_on_their_way_even_where_the_queue_does_not_count_them(known, total, messages, expected):
    assert judged(known, total, Depth(0, messages), young_since=3) == expected


def judged(known: int, total: int, depth: Depth, young_since: float = 99) -> tuple[int, list[int], int]:
    """The judgement on `total` objects, of which those of the ages 0, 1, 2… are known by name."""
    found = judge([unaccounted(age) for age in range(known)], total, depth, young_since)
    assert found.in_queue + len(found.lost) + found.unnamed == total
    return found.in_queue, [one.last_modified for one in found.lost], found.unnamed


def test_received_is_the_sum_of_what_became_of_it():
    books = Books(enriched=1, quarantined=20, in_batches=300, in_queue=4_000, failed=50_000, missing=6, stale=70)

    assert books.in_flight == 4_300
    assert books.received == 54_397


@pytest.mark.parametrize("count", ["missing", "stale", "items_without_record"])
def test_the_books_do_not_balance_with_one(count):
    assert not Books.model_validate({count: 1}).balanced


def test_the_books_balance_with_tickets_quarantined_in_flight_failed_orphaned_and_forgotten():
    assert Books(quarantined=1, in_batches=1, in_queue=1, failed=1, orphaned=1, forgotten=1).balanced
