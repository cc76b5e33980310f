"""What Dagster knows of the batches' runs."""

from datetime import UTC, datetime, timedelta

import dagster as dg
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

from ticket_assets.assets.policy import NEW_TICKETS, PARTITION_TAG
from ticket_assets.domain.whereabouts import BatchRun
from ticket_assets.stores.books import SETTLED_SECONDS
from ticket_assets.stores.inventory import Runs

ENDED_BADLY = [dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]


def batches_at_work(instance: dg.DagsterInstance) -> Runs:
    """The batches with an unfinished run, and those of which a run ended badly so lately that a retry may be coming."""
    lately = datetime.now(UTC) - timedelta(seconds=SETTLED_SECONDS)
    unfinished = dg.RunsFilter(statuses=list(NOT_FINISHED_STATUSES))
    ended_badly = dg.RunsFilter(statuses=ENDED_BADLY, updated_after=lately)
    return Runs(_batches(instance, unfinished), _batches(instance, ended_badly))


def runs_of(instance: dg.DagsterInstance, batch: str) -> list[BatchRun]:
    """The batch's runs, newest first."""
    records = instance.get_run_records(dg.RunsFilter(tags={PARTITION_TAG: batch}))
    return [
        BatchRun(run_id=r.dagster_run.run_id, status=r.dagster_run.status.value, start=r.start_time, end=r.end_time)
        for r in records
    ]


def is_new(run: dg.DagsterRun) -> bool:
    """Whether the run is of new tickets: not of a backfill or a batch that `tickets reprocess` made."""
    return NEW_TICKETS.items() <= run.tags.items()


def _batches(instance: dg.DagsterInstance, wanted: dg.RunsFilter) -> set[str]:
    return {run.tags[PARTITION_TAG] for run in instance.get_runs(wanted) if PARTITION_TAG in run.tags}
