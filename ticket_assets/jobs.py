"""The jobs: all assets of a batch, in one process that loads the models once; and daily the books and the report."""

import dagster as dg

from ticket_assets.assets.policy import GROUP

# A retry repeats all steps: from the failed step on, it could join vectors of one version to texts of another.
RETRY_ALL_STEPS = {"dagster/retry_strategy": "ALL_STEPS"}

enrich_tickets = dg.define_asset_job(
    "enrich_tickets",
    selection=dg.AssetSelection.groups(GROUP),
    executor_def=dg.in_process_executor,
    tags=RETRY_ALL_STEPS,
    description="Enrich one batch of tickets: read, embed, classify, summarize, join, store.",
)

reconcile_tickets = dg.define_asset_job(
    "reconcile_tickets",
    selection=dg.AssetSelection.assets("ticket_books", "pipeline_report"),
    executor_def=dg.in_process_executor,
    description="Compare all stores: what became of every ticket? Then report on the last 24 hours.",
)


def reconcile_schedule(cron: str) -> dg.ScheduleDefinition:
    """Reconciles at the times of this cron expression, in UTC."""
    return dg.ScheduleDefinition(
        name="reconcile_tickets_schedule",
        job=reconcile_tickets,
        cron_schedule=cron,
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
    )
