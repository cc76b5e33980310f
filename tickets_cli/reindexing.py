"""`tickets reindex`: the search index made of the enriched records, whatever became of their partitions."""

from typing import Annotated

import typer

from resources.aws import endpoint_name, in_groups, require_endpoint
from resources.object_store import S3ObjectStore
from ticket_assets.domain.search import KEY
from ticket_assets.settings import load_settings
from ticket_assets.stores.index_lists import ALIVE
from ticket_assets.stores.indexing import index_records
from ticket_assets.stores.search_index import SearchIndex
from ticket_assets.stores.standing import standing
from tickets_cli.reprocessing import table_of
from tickets_cli.terminal import plain_errors, say

READ_AT_ONCE = 256


def reindex(yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Bring every enriched ticket into the search index, each as its record stands, with people's decisions. Asks.

    Reads each record once, and its item twice. The Dagster UI's backfill of ticket_search_index does the same for
    batches that still have a partition. Nothing is computed anew: a vector goes to the table of the embedder that made
    it.

    Example: tickets reindex --yes
    """
    with plain_errors():
        settings = load_settings()
        require_endpoint()
        if not yes:
            typer.confirm(f"Read every record of {settings.enriched_bucket} at {endpoint_name()}?", abort=True)
        raw, records = S3ObjectStore(bucket=settings.raw_bucket), S3ObjectStore(bucket=settings.enriched_bucket)
        index, table = SearchIndex(settings.pipeline_bucket), table_of(settings)
        read = written = 0
        for keys in in_groups(records.list_keys(), READ_AT_ONCE):
            found = standing(records, keys)
            done = index_records(index, table, raw, found)
            read, written = read + len(found), written + sum(each.written for each in done)
        for name, embedder in index.embedders().items():
            index.named(name).settle()
            say(f"table {name}: {len(index.columns(embedder, ALIVE, [KEY])):,} tickets by {embedder}")
        say(f"{read:,} records read, {written:,} rows written")
