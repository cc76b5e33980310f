"""Runs that had begun when a ticket was forgotten: they hold its text in memory and may write it between assets."""

import time
from collections.abc import Collection

import dagster as dg

from resources.object_store import ObjectMissing
from ticket_assets.assets.policy import PARTITION_TAG
from ticket_assets.stores.batches import Batches
from tickets_cli.layout import dagster_home
from tickets_cli.processes import ProcessFailed
from tickets_cli.terminal import say

# One that is only queued meets the tombstone when it reads the ticket.
AT_WORK = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
LOOK_SECONDS = 0.5


def wait_for_runs(batches: Batches, keys: Collection[str], seconds: float) -> None:
    """Wait for the runs at work now whose batch holds one of the objects. Raises ProcessFailed where one goes on."""
    home = dagster_home()
    if not (home / "dagster.yaml").exists():
        say(f"no Dagster instance in {home}: runs in progress cannot be seen (set DAGSTER_HOME to wait for them)")
        return
    with dg.DagsterInstance.from_config(str(home)) as instance:
        at_work = {
            run.run_id: run.tags[PARTITION_TAG]
            for run in instance.get_runs(dg.RunsFilter(statuses=AT_WORK))
            if PARTITION_TAG in run.tags and _holds(batches, run.tags[PARTITION_TAG], keys)
        }
        deadline = time.monotonic() + seconds
        for run_id, batch in at_work.items():
            say(f"waiting for run {run_id} of batch {batch}, which holds one of the tickets")
            while _goes_on(instance, run_id):
                if time.monotonic() >= deadline:
                    raise ProcessFailed(
                        f"run {run_id} of batch {batch} goes on and may write rows of a ticket again: run the same "
                        "command again when it has ended, or cancel it first"
                    )
                time.sleep(LOOK_SECONDS)


def _holds(batches: Batches, batch: str, keys: Collection[str]) -> bool:
    try:
        return not set(batches.manifest(batch).keys).isdisjoint(keys)
    except ObjectMissing:
        return False  # a run of such a batch fails at its start


def _goes_on(instance: dg.DagsterInstance, run_id: str) -> bool:
    run = instance.get_run_by_id(run_id)
    return run is not None and not run.is_finished
