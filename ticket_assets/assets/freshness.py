"""The check that no ticket waits too long: judged by the oldest one that waits, so that a quiet night is no alarm.

A sensor (`sensors/waiting_tickets_sensor.py`) makes it by itself, as the daily job does. It is of
`ticket_books` and not of an asset of batches: there the UI would take it for not evaluated after each new batch.
"""

import dagster as dg

from resources.object_store import S3ObjectStore
from resources.queue import SqsQueue
from ticket_assets.assets.waiting import waiting
from ticket_assets.domain.waiting import Oldest
from ticket_assets.stores.batches import Batches

ASSET, CHECK = dg.AssetKey("ticket_books"), "no_ticket_waits_too_long"
REMEDY = (
    "`tickets status` shows what holds tickets back. Messages wait and no batch comes: start the daemon, or "
    "`ticket_queue_sensor` under Automation. Runs are queued: more tickets come than are worked off; wait, or add "
    "workers (docs/scaling.md). A batch keeps failing: its cause stands in its run."
)


@dg.asset_check(
    asset=ASSET,
    name=CHECK,
    description="The oldest ticket in queue or batch has not waited longer than TICKETS_MAX_WAIT_SECONDS. Where none "
    "waits the check passes, however long ago the last one came.",
)
def no_ticket_waits_too_long(
    context: dg.AssetCheckExecutionContext,
    raw_store: S3ObjectStore,
    pipeline_store: S3ObjectStore,
    queue: SqsQueue,
    max_wait_seconds: dg.ResourceParam[int],
) -> dg.AssetCheckResult:
    found = verdict(waiting(queue, Batches(pipeline_store), raw_store, context.instance), max_wait_seconds)
    return dg.AssetCheckResult(passed=found.passed, description=found.description, metadata=found.metadata)


def verdict(oldest: Oldest, limit: int) -> dg.AssetCheckEvaluation:
    """What the check says of the oldest waiting ticket, and what to do where it waits too long."""
    passed = oldest.seconds <= limit
    return dg.AssetCheckEvaluation(
        asset_key=ASSET,
        check_name=CHECK,
        passed=passed,
        severity=dg.AssetCheckSeverity.WARN,
        description=None if passed else f"A ticket has been waiting for {oldest.seconds:,.0f} s. {REMEDY}",
        metadata={
            "oldest_waiting_seconds": round(oldest.seconds, 1),
            "limit_seconds": limit,
            "where": oldest.where,
        },
    )
