"""What becomes of a batch, from how its runs ended."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sensors.verdicts import DEATHS, LONGEST_PAUSE, RETRY_COMES, End, RunEnd, Verdict, deaths, decide, pause

LONG_AGO = 2 * LONGEST_PAUSE
PLATFORM = [End.HOST_GONE, End.OUTAGE]
runs = st.lists(st.builds(RunEnd, st.sampled_from(End), st.booleans()), max_size=12)


def ends(*kinds: End) -> list[RunEnd]:
    """Runs that Dagster does not retry any more."""
    return [RunEnd(kind) for kind in kinds]


@pytest.mark.parametrize("last", [End.ERROR, End.CANCELED])
def test_a_batch_whose_last_run_failed_or_was_canceled_is_recorded(last):
    assert decide(ends(End.HOST_GONE, last), 0) is Verdict.RECORD


@pytest.mark.parametrize("last", [*PLATFORM, End.PROCESS_DIED])
def test_a_batch_whose_last_run_the_platform_ended_is_requested_again_after_a_pause(last):
    batch = ends(End.ERROR, End.ERROR, last)
    assert decide(batch, pause(3) - 1) is Verdict.WAIT
    assert decide(batch, pause(3)) is Verdict.REQUEST


def test_a_batch_whose_process_died_three_times_is_split():
    assert decide(ends(*[End.PROCESS_DIED] * DEATHS), 0) is Verdict.SPLIT


def test_a_batch_that_hung_or_killed_its_process_three_times_in_all_is_split():
    assert decide(ends(*[End.TOO_LONG] * DEATHS), 0) is Verdict.SPLIT
    assert decide(ends(End.PROCESS_DIED, End.TOO_LONG, End.HOST_GONE, End.TOO_LONG), 0) is Verdict.SPLIT
    assert decide(ends(End.TOO_LONG, End.TOO_LONG), LONG_AGO) is Verdict.REQUEST


def test_a_ticket_alone_whose_runs_hang_is_recorded_instead_of_run_for_ever():
    assert decide(ends(*[End.TOO_LONG] * (DEATHS - 1)), LONG_AGO, splittable=False) is Verdict.REQUEST
    assert decide(ends(*[End.TOO_LONG] * DEATHS), 0, splittable=False) is Verdict.RECORD


def test_ends_of_the_platform_count_for_nothing():
    batch = ends(*[End.HOST_GONE, End.OUTAGE, End.PROCESS_DIED] * 2)
    assert deaths(batch) == 2
    assert decide(batch, LONG_AGO) is Verdict.REQUEST


def test_deaths_before_a_success_count_for_nothing():
    batch = ends(End.PROCESS_DIED, End.PROCESS_DIED, End.SUCCEEDED, End.PROCESS_DIED)
    assert decide(batch, LONG_AGO) is Verdict.REQUEST


def test_a_ticket_alone_is_not_split_off_again():
    assert decide(ends(*[End.PROCESS_DIED] * 9), LONG_AGO, splittable=False) is Verdict.REQUEST


@pytest.mark.parametrize("last", [End.ERROR, End.PROCESS_DIED, *PLATFORM])
def test_what_dagster_retries_is_waited_for_until_the_retry_must_be_lost(last):
    batch = [*ends(*[End.PROCESS_DIED] * DEATHS), RunEnd(last, will_retry=True)]
    assert decide(batch, RETRY_COMES - 1) is Verdict.WAIT
    assert decide(batch, RETRY_COMES) is Verdict.REQUEST


@pytest.mark.parametrize("last", [End.GOING_ON, End.SUCCEEDED])
def test_a_batch_that_is_worked_on_or_done_is_left_alone(last):
    assert decide(ends(End.ERROR, End.PROCESS_DIED, last), LONG_AGO) is Verdict.NOTHING


def test_a_fenced_run_says_nothing_of_its_batch():
    assert decide(ends(End.SUCCEEDED, End.FENCED), 0) is Verdict.NOTHING
    assert decide(ends(End.ERROR, End.FENCED), 0) is Verdict.RECORD


def test_a_batch_whose_only_run_was_replaced_by_one_of_some_assets_is_requested_again():
    assert decide(ends(End.FENCED), 0) is Verdict.WAIT
    assert decide(ends(End.FENCED), LONG_AGO) is Verdict.REQUEST


def test_a_canceled_run_of_a_batch_that_was_enriched_before_is_no_failure_of_the_batch():
    assert decide(ends(End.SUCCEEDED, End.CANCELED), LONG_AGO) is Verdict.NOTHING
    assert decide(ends(End.SUCCEEDED, End.ERROR), LONG_AGO) is Verdict.RECORD


def test_a_run_that_dagster_believes_retried_by_a_fenced_one_is_requested_again():
    batch = [RunEnd(End.HOST_GONE, will_retry=True), RunEnd(End.FENCED)]
    assert decide(batch, LONG_AGO) is Verdict.REQUEST


def test_pauses_double_up_to_fifteen_minutes():
    assert [pause(n) for n in (1, 2, 3, 7, 8, 1000)] == [10, 20, 40, 640, 900, 900]


@settings(deadline=None)  # a busy machine is slow
@given(runs, st.floats(0, LONG_AGO), st.booleans())
def test_no_end_of_the_platform_ever_stands_as_failed(batch, idle, splittable):
    verdict = decide(batch, idle, splittable=splittable)
    last = next((run for run in reversed(batch) if run.end is not End.FENCED), None)
    if last and last.end in {*PLATFORM, End.PROCESS_DIED}:
        assert verdict in {Verdict.WAIT, Verdict.REQUEST, Verdict.SPLIT}
    if last and last.end is End.TOO_LONG and verdict is Verdict.RECORD:
        assert not splittable
    if verdict is Verdict.SPLIT:
        assert splittable
        assert deaths(batch) >= DEATHS


@settings(deadline=None)  # a busy machine is slow
@given(runs, st.booleans())
def test_waiting_long_enough_always_gets_somewhere(batch, splittable):
    assert decide(batch, LONG_AGO, splittable=splittable) is not Verdict.WAIT
