"""The vector and the list fields of each record in a table that `tickets search` and `tickets similar` ask.

It comes after everything else of its batch and fails nothing of it: where the index cannot be written, the asset is not
materialized and its check says why; the run succeeds, and a later batch's run or a backfill of this asset makes up.
"""

from collections.abc import Sequence

import dagster as dg

from resources.dynamodb import DynamoDBTable
from resources.lance_client import IndexUnavailable
from resources.object_store import S3ObjectStore
from resources.ordering import Record
from ticket_assets.assets.policy import Stopwatch, ticket_asset
from ticket_assets.assets.ticket_metadata import ticket_metadata
from ticket_assets.domain.models import EnrichedTicket
from ticket_assets.stores.batches import Batches
from ticket_assets.stores.indexing import index_records
from ticket_assets.stores.search_backlog import Backlog
from ticket_assets.stores.search_index import SearchIndex, Written, columns
from ticket_assets.stores.standing import standing

CHECK = "the_batch_can_be_searched"
CAUGHT_UP = 4  # batches of the backlog a run; each costs reading its records


@ticket_asset(
    kinds={"lancedb", "s3"},
    code_version="1",
    deps=[ticket_metadata],
    dagster_type=dg.Nothing,
    output_required=False,
    check_specs=[
        dg.AssetCheckSpec(
            CHECK,
            asset="ticket_search_index",
            description="The search index has taken the rows of the batch's records.",
        )
    ],
)
def ticket_search_index(  # noqa: ANN201 - a generator: where the index is away, there is a check and no materialization
    context: dg.AssetExecutionContext,
    search_index: dg.ResourceParam[SearchIndex],
    raw_store: S3ObjectStore,
    record_store: S3ObjectStore,
    pipeline_store: S3ObjectStore,
    table: DynamoDBTable,
    enriched_tickets: list[Record[EnrichedTicket]],
):
    watch = Stopwatch()
    backlog = Backlog(pipeline_store)

    def write(records: Sequence[Record[EnrichedTicket]]) -> list[Written]:
        return index_records(search_index, table, raw_store, records)

    try:
        found = write(enriched_tickets)
    except IndexUnavailable as error:
        backlog.add(context.partition_key)
        context.log.warning(f"the batch is enriched and cannot be searched yet: {error}")
        yield _the_batch_can_be_searched(error)
        return
    caught_up = 0
    try:
        for manifest in Batches(pipeline_store).manifests(backlog.oldest(CAUGHT_UP)):
            write(standing(record_store, manifest.keys))
            backlog.done(manifest.batch)
            caught_up += 1
    except IndexUnavailable as error:
        context.log.warning(f"earlier batches still cannot be searched: {error}")
    yield _the_batch_can_be_searched()
    yield dg.MaterializeResult(
        metadata={
            "tickets": len(enriched_tickets),
            "dagster/partition_row_count": len(enriched_tickets),
            "dagster/column_schema": dg.TableSchema([dg.TableColumn(*column) for column in columns()]),
            "written": sum(each.written for each in found),
            "superseded": sum(each.superseded for each in found),
            "rows": sum(each.facts.rows for each in found),
            "files": sum(each.facts.fragments for each in found),
            "rows_without_index": sum(each.facts.unindexed for each in found),
            "caught_up_batches": caught_up,
            "milliseconds_per_ticket": watch.per_ticket(len(enriched_tickets)),
        }
    )


def _the_batch_can_be_searched(error: Exception | None = None) -> dg.AssetCheckResult:
    remedy = (
        "its records stand; a later batch's run makes up for it, as do a backfill of this asset and `tickets reindex`"
    )
    return dg.AssetCheckResult(
        passed=error is None,
        check_name=CHECK,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{error}: {remedy}" if error else None,
    )
