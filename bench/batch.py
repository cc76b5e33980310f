"""How long one batch of 256 tickets takes, run start to success, in the embedded profile; models loaded anew."""

import time

import dagster as dg
from rich.console import Console

from bench.common import fresh_stack, report
from ticket_assets.settings import load_settings
from tickets_cli.layout import dagster_home
from tickets_cli.seeding import put_tickets

TICKETS, BATCHES, BAR = 256, 3, 60.0
WAIT_SECONDS = 300


def main() -> None:
    runs: list[dg.RunRecord] = []
    with fresh_stack(window_seconds=10) as stack:
        for number in range(1, BATCHES + 1):
            put_tickets(load_settings().raw_bucket, TICKETS, number, Console(quiet=True))
            deadline = time.monotonic() + WAIT_SECONDS
            while len(runs := successes()) < number and time.monotonic() < deadline:
                stack.check()
                time.sleep(1)
        steps = [step_seconds(run) for run in runs]
    seconds = [(run.end_time or 0) - (run.start_time or 0) for run in runs]
    report("batch", f"one batch of {TICKETS} tickets, run start to success", BAR, seconds, steps=steps)


def successes() -> list[dg.RunRecord]:
    with dg.DagsterInstance.from_config(str(dagster_home())) as instance:
        return list(instance.get_run_records(dg.RunsFilter(statuses=[dg.DagsterRunStatus.SUCCESS])))


def step_seconds(run: dg.RunRecord) -> dict[str, float]:
    """Where a run's time went, by step."""
    with dg.DagsterInstance.from_config(str(dagster_home())) as instance:
        stats = instance.get_run_step_stats(run.dagster_run.run_id)
    return {step.step_key: round((step.end_time or 0) - (step.start_time or 0), 2) for step in stats}


if __name__ == "__main__":
    main()
