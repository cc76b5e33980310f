"""The books of all tickets: how many were received, and what became of them, asked of the stores themselves.

received = enriched + quarantined + in flight + failed + missing + stale. One run compares both buckets, the table, the
quarantine, the batches and the queue; its counts are numbers to be plotted over time.
"""

from typing import Any

import dagster as dg

from resources.dynamodb import DynamoDBTable
from resources.object_store import S3ObjectStore
from resources.queue import SqsQueue
from ticket_assets.assets.policy import ticket_asset
from ticket_assets.assets.runs import batches_at_work
from ticket_assets.domain.books import Books
from ticket_assets.stores.books import reconcile
from ticket_assets.stores.inventory import Stores
from ticket_assets.stores.search_index import SearchIndex

CHECK = "the_books_balance"
SEARCH_CHECK = "every_enriched_ticket_can_be_searched"
VERSIONS = "model_versions"  # in the metadata: how many tickets each version made
SHOWN = 20
NO_COUNTS = {"names", "notes", "balanced", "versions", "index_asked"}


@ticket_asset(
    kinds={"s3", "dynamodb"},
    group_name="ticket_books",
    partitions_def=None,
    code_version="1",
    check_specs=[
        dg.AssetCheckSpec(
            CHECK,
            asset="ticket_books",
            description="No ticket is missing, none is stale, and no item lacks its record.",
        ),
        dg.AssetCheckSpec(
            SEARCH_CHECK,
            asset="ticket_books",
            description="Each enriched ticket is in the search index, in its newest version.",
        ),
    ],
)
def ticket_books(
    context: dg.AssetExecutionContext,
    raw_store: S3ObjectStore,
    record_store: S3ObjectStore,
    pipeline_store: S3ObjectStore,
    table: DynamoDBTable,
    queue: SqsQueue,
    search_index: dg.ResourceParam[SearchIndex],
) -> dg.MaterializeResult:
    stores = Stores.of(
        {
            "raw_store": raw_store,
            "record_store": record_store,
            "pipeline_store": pipeline_store,
            "table": table,
            "queue": queue,
            "search_index": search_index,
        }
    )
    books = reconcile(stores, lambda: batches_at_work(context.instance)).books
    return dg.MaterializeResult(
        metadata={**counts(books), VERSIONS: dg.MetadataValue.json(books.versions)},
        check_results=[_the_books_balance(books), _every_enriched_ticket_can_be_searched(books)],
    )


def last_versions(instance: dg.DagsterInstance) -> tuple[dict[str, int], float] | None:
    """How many tickets each version made when the books were made last, and when; None where they never were."""
    event = instance.get_latest_materialization_event(dg.AssetKey("ticket_books"))
    made = event.asset_materialization if event else None
    if event is None or made is None or VERSIONS not in made.metadata:
        return None
    found: Any = made.metadata[VERSIONS].value
    return dict(found), event.timestamp


def counts(books: Books) -> dict[str, int]:
    """Every count of the books by its name."""
    return {name: int(value) for name, value in books.model_dump(exclude=NO_COUNTS).items()}


def _the_books_balance(books: Books) -> dg.AssetCheckResult:
    named = {name: keys[:SHOWN] for name, keys in books.names.items() if keys and name != "not_searchable"}
    remedy = "`tickets reconcile --replay` sends what is missing or stale again; `tickets where ID` tells of one ticket"
    return dg.AssetCheckResult(
        passed=books.balanced,
        check_name=CHECK,
        description=None if books.balanced else remedy,
        metadata={
            "missing": books.missing,
            "stale": books.stale,
            "items_without_record": books.items_without_record,
            "names": dg.MetadataValue.json(named),
        },
    )


def _every_enriched_ticket_can_be_searched(books: Books) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=books.searchable,
        check_name=SEARCH_CHECK,
        severity=dg.AssetCheckSeverity.WARN,
        description=None if books.searchable else "`tickets reindex` brings them in; their records and items stand",
        metadata={
            "not_searchable": books.not_searchable,
            "names": dg.MetadataValue.json(books.names.get("not_searchable", [])[:SHOWN]),
        },
    )
