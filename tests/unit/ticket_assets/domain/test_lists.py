"""Pages of a list that several queries give: whatever the ties, every ticket is on one page."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_assets.domain.lists import ALL, BadPlace, Place, index_name, page

STREAMS = st.lists(st.lists(st.integers(0, 4), max_size=12), min_size=1, max_size=4)


def walk(streams, limit):
    """All pages, each value's query answered as an index does: by time, ties in an order of its own."""
    pages, before = [], None
    while True:
        found = []
        for number, items in enumerate(streams):
            left = items if before is None else [item for item in items if item["created_at"] <= before.second]
            last = before and before.shown.get(number)
            start = next((n + 1 for n, item in enumerate(left) if item["ticket_id"] == last), 0)
            found.append(left[start : start + limit + 1])
        now = page(found, limit, before)
        pages.append(now.items)
        assert len(pages) < 100, "it goes in circles"
        if now.next is None:
            return pages
        before = Place.parse(now.next.token())


@given(STREAMS, st.integers(1, 5))
def test_every_ticket_is_on_one_page_and_newest_come_first(times, limit):
    streams = [
        [{"ticket_id": f"T-{n}-{k}", "created_at": t} for k, t in enumerate(sorted(own, reverse=True))]
        for n, own in enumerate(times)
    ]
    pages = walk(streams, limit)

    seen = [item for each in pages for item in each]
    assert sorted(i["ticket_id"] for i in seen) == sorted(i["ticket_id"] for own in streams for i in own)
    assert [i["created_at"] for i in seen] == sorted((i["created_at"] for i in seen), reverse=True)
    assert all(len(each) == limit for each in pages[:-1])


@pytest.mark.parametrize("token", ["", "x", "12~", "12~0", "12~0:a/b", "12~0:", "-1", "12~0:a b", "9" * 13])
def test_what_no_page_ended_with_is_refused(token):
    with pytest.raises(BadPlace, match="page before"):
        Place.parse(token)


def test_a_place_survives_as_a_word():
    place = Place(1_760_000_000, {0: "T-1", 3: "a.b_c-d"})

    assert Place.parse(place.token()) == place


def test_indexes_are_named_after_what_they_are_by():
    assert [index_name(name) for name in ("urgency", "customer_id")] == ["urgency-index", "customer-index"]
    assert ALL.values == ("critical", "high", "medium", "low")
