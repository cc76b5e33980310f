from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sensors.pruning import cutoff_key, prunable

NOW = datetime(2026, 11, 23, tzinfo=UTC)
TWO_WEEKS = cutoff_key(NOW, timedelta(days=14))


def key(day: int, of: str = "November") -> str:
    return f"2026{'11' if of == 'November' else '10'}{day:02d}T000000Z-00000000"


def pruned(keys, most=100, limit=100, unfinished=(), cutoff=TWO_WEEKS):
    return prunable(keys, cutoff, most, limit, lambda group: set(group) - set(unfinished))


def test_finished_batches_beyond_the_retention_go_oldest_first():
    assert pruned([key(20), key(8), key(7)]) == [key(7), key(8)]


def test_a_batch_as_old_as_the_retention_stays():
    assert pruned([key(9)]) == []


def test_young_batches_beyond_the_highest_number_go_oldest_first():
    assert pruned([key(22), key(20), key(21)], most=1) == [key(20), key(21)]


def test_an_unfinished_batch_stays_and_a_younger_one_goes_in_its_place():
    assert pruned([key(20), key(21), key(22)], most=2, unfinished=[key(20)]) == [key(21)]


def test_at_most_the_limit_goes_at_once():
    assert pruned([key(day) for day in range(1, 8)], limit=3) == [key(1), key(2), key(3)]


def test_unfinished_old_ones_do_not_hide_finished_ones_behind_them():
    old = [key(day) for day in range(1, 8)]
    assert pruned(old, limit=2, unfinished=old[:5]) == old[5:]


def test_the_young_are_not_even_looked_at():
    asked = []
    prunable([key(1), key(20), key(21)], TWO_WEEKS, 100, 1, lambda group: asked.append(group) or set(group))
    assert asked == [[key(1)]]


def test_a_key_that_is_no_batchs_counts_and_is_never_forgotten():
    assert pruned(["0-by-hand", key(20), key(21)], most=2) == [key(20)]
    assert pruned(["0-by-hand"], most=0) == []


def test_the_cutoff_is_in_utc_and_between_the_keys_of_older_and_younger_batches():
    eastern = datetime.fromisoformat("2026-11-23T01:00:00+01:00")
    assert cutoff_key(eastern, timedelta(days=1)) == "20261122T000000Z"


@given(
    days=st.sets(st.integers(1, 30)),
    october=st.sets(st.integers(1, 31)),
    held=st.sets(st.integers(1, 31)),
    most=st.integers(0, 40),
    limit=st.integers(1, 40),
)
def test_whatever_stands_only_finished_batches_go_and_none_without_need(days, october, held, most, limit):
    keys = [*(key(day) for day in days), *(key(day, "October") for day in october)]
    unfinished = {key(day) for day in held} | {key(day, "October") for day in held if day % 2}
    gone = pruned(keys, most, limit, unfinished)
    finished = sorted(set(keys) - unfinished)
    assert gone == finished[: len(gone)]  # finished ones alone, the oldest, in order
    assert len(gone) <= limit
    for place, one in enumerate(gone):
        assert one < TWO_WEEKS or len(keys) - place > most
    if len(gone) < min(limit, len(finished)):
        left = finished[len(gone)]
        assert left >= TWO_WEEKS
        assert len(keys) - len(gone) <= most
