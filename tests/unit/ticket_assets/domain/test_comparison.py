"""Which labels would change, how surely that is known, and which examples are shown."""

import pytest

from tests.support import ENRICHMENT, enriched_ticket
from ticket_assets.domain.comparison import Compared, compared, moves, share, surest


def stored(**changes: object) -> dict:
    return {**{name: value for name, value in ENRICHMENT.items() if name != "embedding"}, **changes}


def change(ticket_id: str = "T-1", **changes: object) -> Compared:
    return compared(stored(**changes), enriched_ticket(ticket_id=ticket_id), ENRICHMENT["summary"])


def test_a_ticket_that_is_labelled_as_before_changes_nothing_whatever_its_confidences():
    same = change(urgency_confidence=0.1, model_version="v0")
    assert (same.changes, same.summary_changes, same.made_by) == ({}, False, "v0")


def test_a_label_that_differs_is_told_before_and_after_with_confidences():
    other = change(urgency="low", urgency_confidence=0.9, summary="Another.")
    assert list(other.changes) == ["urgency"]
    assert other.changes["urgency"].before == ("low", 0.9)
    assert other.changes["urgency"].after == ("high", 0.5)
    assert other.summary_changes


def test_where_a_person_decided_what_the_models_had_said_is_compared():
    decided = {"urgency": "low", "urgency_confidence": 1}
    same = change(**decided, computed={"urgency": "high", "urgency_confidence": 0.5})
    other = change(**decided, computed={"urgency": "medium", "urgency_confidence": 0.4})
    assert same.changes == {}
    assert other.changes["urgency"].before == ("medium", 0.4)


def test_moves_are_counted_the_most_frequent_first():
    found = [change(), change(urgency="low"), change(urgency="critical"), change(urgency="critical")]
    assert moves(found, "urgency") == [("critical", "high", 2), ("low", "high", 1)]
    assert moves(found, "intent") == []


def test_the_examples_are_those_of_which_both_labels_were_the_surest():
    found = [change(f"T-{n}", urgency="low", urgency_confidence=sure) for n, sure in enumerate((0.1, 0.4, 0.3))]
    assert [ticket.ticket_id for ticket in surest([change("T-9"), *found], "urgency", 2)] == ["T-1", "T-2"]


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [(0, 10, 0.0, 0.278), (10, 10, 0.722, 1.0), (5, 10, 0.237, 0.763), (8, 10, 0.490, 0.943), (81, 263, 0.255, 0.366)],
)
def test_the_range_is_wilsons(count, total, low, high):
    # The last of them is the example of R. G. Newcombe, Statistics in Medicine 17 (1998), method 3.
    part = share(count, total)
    assert (round(part.low, 3), round(part.high, 3)) == (low, high)


def test_nothing_is_known_of_no_sample():
    assert share(0, 0) == (0, 0, 0.0, 1.0)
