"""The last 24 hours of the pipeline in pictures: how many tickets, which labels, how sure, how fast, what failed.

Made daily after the books, from what Dagster's database holds of the batches that ended since; it asks no other store
but for the oldest waiting ticket. A ticket that was enriched twice, as a backfill does, is counted twice.
"""

import time
from collections import Counter
from collections.abc import Iterator
from statistics import median

import dagster as dg

from resources.object_store import S3ObjectStore
from resources.parquet import markdown_table
from resources.queue import SqsQueue
from ticket_assets.assets.charts import bars, columns
from ticket_assets.assets.policy import ticket_asset
from ticket_assets.assets.ticket_books import last_versions, ticket_books
from ticket_assets.assets.waiting import waiting
from ticket_assets.domain.report import HOUR, LABELS, TENTHS, Day, Told, day, short_version, unsure
from ticket_assets.stores.batches import Batches

HOURS = 24
TICK_HOURS = 4  # from one time under a picture to the next
PAGE = 500
ASSETS = ("raw_tickets", "classified_tickets", "enriched_tickets", "ticket_metadata")
TENTH_TICKS = [f"{tenth / TENTHS:.1f}" for tenth in range(TENTHS)]
LONGEST_VERSION = 500


@ticket_asset(
    kinds={"dagster", "svg"}, group_name="ticket_books", partitions_def=None, code_version="1", deps=[ticket_books]
)
def pipeline_report(
    context: dg.AssetExecutionContext,
    raw_store: S3ObjectStore,
    pipeline_store: S3ObjectStore,
    queue: SqsQueue,
) -> dg.MaterializeResult:
    now = time.time()
    told = {asset: list(told_since(context.instance, asset, now - HOURS * HOUR)) for asset in ASSETS}
    found = day(told, now, HOURS)
    batches = Batches(pipeline_store)
    oldest = waiting(queue, batches, raw_store, context.instance).seconds
    books = last_versions(context.instance)
    return dg.MaterializeResult(
        metadata={
            **numbers(found),
            "failed_batches": len(batches.failed()),
            "oldest_waiting_seconds": round(oldest, 1),
            "report": report(found, Counter(books[0]) if books else Counter(), now),
        }
    )


def told_since(instance: dg.DagsterInstance, asset: str, since: float) -> Iterator[Told]:
    """What the asset's materializations since this Unix second told, newest first; only those are read."""
    cursor = None
    while True:
        page = instance.fetch_materializations(dg.AssetKey(asset), limit=PAGE, cursor=cursor)
        for record in page.records:
            if record.timestamp < since:
                return
            if made := record.asset_materialization:
                yield Told(record.timestamp, {name: entry.value for name, entry in made.metadata.items()})
        if not page.has_more:
            return
        cursor = page.cursor


def numbers(found: Day) -> dict[str, float]:
    """What is plotted over the days."""
    latencies = [seconds for seconds in found.latency["median"] if seconds]
    return {
        "batches": found.batches,
        "tickets_read": found.read,
        "tickets_enriched": found.enriched,
        "tickets_quarantined": found.quarantined,
        "put_to_item_seconds": round(median(latencies), 1) if latencies else 0.0,
        "put_to_item_seconds_slowest": max(found.latency["slowest"], default=0.0),
        **{f"unsure_{name}": unsure(found.confidences[name]) for name in LABELS},
        "critical": found.labels["urgency"]["critical"],
        "negative": found.labels["sentiment"]["NEGATIVE"],
    }


def report(found: Day, stored: Counter[str], now: float) -> dg.MetadataValue:
    """All pictures on one page, each under its title, since the UI opens one entry at a time. Hours are in UTC."""
    made = {**pictures(found, now), **_versions(found, stored)}
    return dg.MetadataValue.md("\n\n".join(f"#### {title}\n\n{picture.value}" for title, picture in made.items()))


def pictures(found: Day, now: float) -> dict[str, dg.MetadataValue]:
    """The charts by title."""
    starts = [time.gmtime(now - (HOURS - n) * HOUR) for n in range(HOURS)]
    hours = [time.strftime("%H:%M", start) if n % TICK_HOURS == 0 else "" for n, start in enumerate(starts)]
    return {
        "Tickets an hour": columns(found.by_hour, hours, "tickets an hour"),
        "Labels": bars(dict(found.labels), "labels"),
        **{
            f"Confidence of {name}": columns({"tickets": found.confidences[name]}, TENTH_TICKS, f"confidence of {name}")
            for name in LABELS
        },
        "Seconds from put to item, by hour": columns(found.latency, hours, "seconds from put to item", unit=" s"),
        "Quarantine": bars({"quarantine by reason": found.reasons}, "quarantine by reason"),
    }


def _versions(found: Day, stored: Counter[str]) -> dict[str, dg.MetadataValue]:
    """The versions of the day and of all records, by short names, and what those stand for."""
    groups = {"batches of the day": found.versions, "all records": stored}
    short = {title: Counter({short_version(v): n for v, n in counts.items()}) for title, counts in groups.items()}
    rows = [[short_version(version), version] for version in {**found.versions, **stored}]
    return {
        "Model versions": bars(short, "model versions"),
        "Their names": markdown_table(["short", "model_version"], rows, LONGEST_VERSION),
    }
