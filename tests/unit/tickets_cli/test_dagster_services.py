"""What a stop of Dagster's processes may cost."""

from tickets_cli.dagster_services import PAGE_SECONDS, RUNS_SECONDS
from tickets_cli.processes import GRACE_SECONDS

A_POD_GETS = 30  # seconds from SIGTERM to SIGKILL


def test_a_stop_in_which_everything_takes_its_whole_time_ends_before_a_pod_is_killed():
    assert RUNS_SECONDS + PAGE_SECONDS + GRACE_SECONDS < A_POD_GETS
