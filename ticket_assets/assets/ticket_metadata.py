"""The queryable part of each record as an item of the DynamoDB table, with indexes by label and customer.

Items are made from records that S3 has taken, so that an item never points at nothing. In the end every object
of the batch is accounted for: enriched, superseded by a newer version, in quarantine with a reason, or forgotten.
"""

import statistics
import time
from collections.abc import Sequence

import dagster as dg

from resources.corrections import doubted
from resources.dynamodb import DynamoDBTable
from resources.object_store import S3ObjectStore
from resources.ordering import Record
from ticket_assets.assets.policy import Stopwatch, ticket_asset
from ticket_assets.assets.runs import is_new
from ticket_assets.domain.doubts import REVIEW
from ticket_assets.domain.items import table_item
from ticket_assets.domain.models import EnrichedTicket, TicketItem
from ticket_assets.stores.accounts import Account, account
from ticket_assets.stores.batches import Batches
from ticket_assets.stores.quarantine import Quarantine
from ticket_assets.stores.standing import standing

CHECK = "every_ticket_is_accounted_for"
REMEDY = (
    "Re-execute the run from the start: the raw objects are untouched. `tickets where ID` tells what each store holds "
    "of a ticket that is missing."
)


@ticket_asset(
    kinds={"dynamodb"},
    io_manager_key="items_io",
    code_version="1",
    dagster_type=list[Record[TicketItem]],
    check_specs=[
        dg.AssetCheckSpec(
            CHECK,
            asset="ticket_metadata",
            description="Each object of the batch has a record and an item, is in quarantine or is forgotten: asked of "
            "the stores.",
        )
    ],
)
def ticket_metadata(  # noqa: ANN201 - a generator: the check asks the stores after the items are written
    context: dg.AssetExecutionContext,
    pipeline_store: S3ObjectStore,
    record_store: S3ObjectStore,
    table: DynamoDBTable,
    enriched_tickets: list[Record[EnrichedTicket]],
):
    watch = Stopwatch()
    batches, quarantine = Batches(pipeline_store), Quarantine(pipeline_store, record_store)
    manifest = batches.manifest(context.partition_key)
    records = [*enriched_tickets, *standing(record_store, set(manifest.keys) - {r.key for r in enriched_tickets})]
    items = [item_record(record) for record in records]
    told = {"tickets": len(items), "milliseconds_per_ticket": watch.per_ticket(len(items))}
    yield dg.Output(items, metadata={**told, **(_latency(items) if is_new(context.run) else {})})
    quarantine.clear({record.key: record.stamp for record in records})
    result = account(manifest, record_store, table, quarantine, items)
    yield _every_ticket_is_accounted_for(result)
    if result.missing:
        raise dg.Failure(f"{len(result.missing)} tickets are not accounted for, such as {result.missing[:5]}")
    batches.clear_failure(context.partition_key)


def item_record(record: Record[EnrichedTicket]) -> Record[TicketItem]:
    """The record's item: of the same age, from the same source."""
    item = table_item(record.body, batch=record.labels["batch"])
    labels = doubted(record.labels.get(REVIEW, "").split())
    return Record[TicketItem](key=record.key, source=record.source, stamp=record.stamp, labels=labels, body=item)


def _latency(items: Sequence[Record[TicketItem]]) -> dict[str, float]:
    """Seconds from the put of the raw object, a whole second, to now, when the items are about to be written."""
    seconds = [time.time() - item.stamp.last_modified for item in items]
    if not seconds:
        return {}
    return {
        "put_to_item_seconds": round(statistics.median(seconds), 1),
        "put_to_item_seconds_slowest": round(max(seconds), 1),
    }


def _every_ticket_is_accounted_for(result: Account) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=not result.missing,
        check_name=CHECK,
        description=REMEDY if result.missing else None,
        metadata={
            "enriched": result.enriched,
            "superseded": result.superseded,
            "quarantined": result.quarantined,
            "forgotten": result.forgotten,
            "missing": len(result.missing),
            "missing_keys": result.missing[:20],
        },
    )
