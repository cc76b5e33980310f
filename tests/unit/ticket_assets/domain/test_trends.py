"""Counts over time, and which of them chance does not explain."""

from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_assets.domain.trends import DAY, HOUR, at_least, change, changes, counted, most_common, step


@given(st.integers(0, 60), st.integers(0, 60), st.floats(0.01, 0.99))
def test_the_tail_is_the_binomials(count, total, share):
    exact = sum(comb(total, k) * share**k * (1 - share) ** (total - k) for k in range(count, total + 1))
    if count > total:
        exact = 0.0
    assert at_least(min(count, total), total, share) == pytest.approx(
        exact if count <= total else share**total, rel=1e-6, abs=1e-12
    )


def test_large_counts_are_quick_and_sane():
    assert at_least(50_000, 100_000, 0.5) == pytest.approx(0.5, abs=0.01)
    assert at_least(90_000, 100_000, 0.5) == pytest.approx(0, abs=1e-300)
    assert at_least(10, 100_000, 0.5) == pytest.approx(1)


@pytest.mark.parametrize(
    ("recent", "earlier", "rises", "falls"),
    [(10, 10, True, False), (10, 70, False, False), (0, 70, False, True), (1, 0, False, False), (8, 0, True, False)],
)
def test_a_day_against_the_seven_before_rises_or_falls_where_chance_does_not_explain_it(recent, earlier, rises, falls):
    found = change("x", recent, earlier, 1 / 8)

    assert (found.rises, found.falls) == (rises, falls)
    assert found.expected == pytest.approx(earlier / 7)


def test_labels_are_counted_in_equal_parts_and_what_lies_outside_is_left_out():
    times, labels = np.array([-1, 0, 9, 10, 19, 20, 5]), np.array(["a", "a", "a", "b", "a", "a", "b"])

    assert counted(times, labels, 0, 10, 2) == {"a": [2, 1], "b": [1, 1]}
    assert counted(np.array([]), np.array([], dtype=str), 0, 10, 2) == {}


def test_changes_compare_the_last_hours_with_those_before_and_name_the_least_likely_first():
    now = 100 * DAY
    times = np.array([now - HOUR] * 20 + [now - 3 * DAY] * 21 + [now, now - DAY] + [now - 9 * DAY])
    labels = np.array(["outage"] * 20 + ["question"] * 21 + ["rare", "rare", "outage"])

    outage, question, rare = changes(times, labels, now, DAY, 7 * DAY)

    assert (outage.label, outage.recent, outage.earlier, outage.rises) == ("outage", 20, 0, True)
    assert (question.label, question.recent, question.earlier) == ("question", 0, 21)
    assert (rare.recent, rare.earlier) == (1, 1)


def test_a_time_is_shown_in_at_most_sixty_parts():
    for seconds in (HOUR, DAY, 7 * DAY, 30 * DAY, 365 * DAY, 3_000 * DAY):
        assert seconds / step(seconds) <= 60
    assert (step(DAY), step(7 * DAY), step(30 * DAY)) == (HOUR, 3 * HOUR, DAY)


def test_the_most_common_label_is_the_first_of_several():
    assert most_common(["b", "a", "b", "a", "c"]) == "a"
    assert most_common([]) == ""
