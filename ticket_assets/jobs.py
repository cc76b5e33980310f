"""The one job: all assets of a batch, in one process that loads the models once."""

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
