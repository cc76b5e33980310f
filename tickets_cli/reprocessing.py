"""`tickets reprocess`: new batches of tickets that are enriched already, so that better models reach the old ones.

A batch whose partition stands is backfilled in the Dagster UI; this is for those whose partition was pruned. The new
batches are deferred: they run when no new ticket waits.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Annotated

import dagster as dg
import typer

from resources.aws import concurrently, endpoint_name, require_endpoint
from resources.dynamodb import DynamoDBTable
from resources.object_store import S3ObjectStore
from resources.table_pages import queried, scanned, size
from ticket_assets.assets.policy import BATCHES
from ticket_assets.domain.selection import TEXTS, Condition, first_equality, parse
from ticket_assets.settings import Settings, load_settings
from ticket_assets.stores.batches import Batches
from tickets_cli.layout import dagster_home
from tickets_cli.processes import ProcessFailed
from tickets_cli.provisioning import INDEXED, index_name
from tickets_cli.terminal import console, plain_errors, say

CURRENT = "current"
Pages = Iterator[list[dict]]


@dataclass
class Skipped:
    """Tickets that were meant and are left as they are."""

    standing: int = 0
    gone: int = 0


Where = Annotated[
    list[str] | None,
    typer.Option(help=f"field=value or field!=value of {', '.join(TEXTS)}; created_at>=DATE or <=DATE. Repeatable."),
]


def reprocess(
    where: Where = None,
    all_batches: Annotated[bool, typer.Option("--all-batches", help="Also where the partition still stands.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count, and make no batch.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask where there is no condition.")] = False,
) -> None:
    """Make new batches of enriched tickets whose partition was pruned, such as all that an older model made.

    All conditions must hold. model_version=current is the version of the models that are set up here. A condition
    such as urgency=critical reads the index of urgency, sentiment, intent or customer_id; else the whole table is read.

    Example: tickets reprocess --where model_version!=current --where urgency=critical --dry-run
    """
    with plain_errors():
        settings = load_settings()
        conditions = [condition_of(text, settings) for text in where or ()]
        require_endpoint()
        if not (conditions or dry_run or yes):
            typer.confirm(f"Reprocess every ticket of {settings.table} at {endpoint_name()}?", abort=True)
        standing = set() if all_batches else _standing_partitions()
        skipped = Skipped()
        keys = wanted(_pages(settings, conditions), conditions, standing, settings.raw_bucket, skipped)
        _reprocess(keys, settings, skipped, dry_run=dry_run)


def wanted(
    pages: Pages, conditions: Sequence[Condition], standing: Collection[str], raw_bucket: str, skipped: Skipped
) -> Iterator[str]:
    """The keys of raw objects to enrich again, page by page; `skipped` counts the others that were meant."""
    raw = S3ObjectStore(bucket=raw_bucket)
    for page in pages:
        # An item without a batch is no ticket's: it marks one that was forgotten.
        meant = [item for item in page if "batch" in item and all(c.holds(item) for c in conditions)]
        keys = [item["s3_key"] for item in meant if item["batch"] not in standing]
        skipped.standing += len(meant) - len(keys)
        found = concurrently(raw.head, keys)
        skipped.gone += found.count(None)
        yield from (key for key, version in zip(keys, found, strict=True) if version)


def _reprocess(keys: Iterator[str], settings: Settings, skipped: Skipped, *, dry_run: bool) -> None:
    batches = Batches(S3ObjectStore(bucket=settings.pipeline_bucket))
    if next(batches.deferred(), None):
        say(
            "batches of an earlier reprocess still wait: their tickets may be taken twice, which costs work and no more"
        )
    tickets = made = 0
    while group := list(dict.fromkeys(islice(keys, settings.batch_size))):  # a ticket may have two items
        tickets, made = tickets + len(group), made + 1
        if not dry_run:
            batch = batches.land(settings.raw_bucket, group, deferred=True).batch
            console.print(f"batch {batch}: {len(group)} tickets", highlight=False)
    does = "would be reprocessed" if dry_run else "will be reprocessed when no new ticket waits"
    say(f"{tickets:,} tickets in {made:,} batches {does}")
    if skipped.standing:
        say(f"{skipped.standing:,} skipped: their partitions stand; backfill them in the UI, or add --all-batches")
    if skipped.gone:
        say(f"{skipped.gone:,} skipped: their raw objects are gone")


def condition_of(text: str, settings: Settings) -> Condition:
    """The condition that `text` says, `current` replaced by the version of the models that are set up here."""
    condition = parse(text)
    if condition.field != "model_version" or condition.value != CURRENT:
        return condition
    from ticket_assets.definitions import build_models

    return condition._replace(value=build_models(settings).version)


def _standing_partitions() -> set[str]:
    home = dagster_home()
    if not (home / "dagster.yaml").exists():
        raise ProcessFailed(
            f"no Dagster instance in {home}, which knows which partitions stand: set DAGSTER_HOME, or add --all-batches"
        )
    with dg.DagsterInstance.from_config(str(home)) as instance:
        return set(instance.get_dynamic_partitions(BATCHES.name or ""))


def table_of(settings: Settings) -> DynamoDBTable:
    """The table of the tickets' items."""
    return DynamoDBTable(name=settings.table, hash_key="ticket_id", range_key="created_at")


def _pages(settings: Settings, conditions: Sequence[Condition]) -> Pages:
    table = table_of(settings)
    attributes = (*TEXTS, "created_at", "s3_key")
    by = first_equality(conditions, INDEXED)
    if by:
        say(f"reading {index_name(by.field)}, and each of its items")
        return queried(table, index_name(by.field), by.field, str(by.value), attributes)
    about = size(table)
    say(f"reading the whole table {table.name}: about {about.items:,} items, {about.read_units:,} read units")
    return scanned(table, attributes)
