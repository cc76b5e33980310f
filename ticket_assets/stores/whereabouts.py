"""Looks one ticket up in every store, and in the batches that were landed since its first version was put."""

import json
import time
from collections.abc import Callable, Iterable
from itertools import islice

from resources.dynamodb import Item, from_item
from resources.object_store import Listed, StoredObject
from ticket_assets.domain.books import FORGOTTEN, SUFFIX
from ticket_assets.domain.quarantine import QuarantineEntry, without_texts
from ticket_assets.domain.whereabouts import BatchHistory, BatchRun, Evidence, RawVersion, Whereabouts, verdict
from ticket_assets.stores import books
from ticket_assets.stores.inventory import Runs, Stores, batch_names, item_source, items_of, source_of

MOST_SCANNED = 500
EARLIER = 60  # seconds that a batch's clock may be behind S3's
# What tells of the work, not of the person.
SHOWN = (
    "created_at", "intent", "intent_confidence", "urgency", "urgency_confidence", "sentiment", "sentiment_confidence",
    "processed_at", "model_version", "batch", "stamp", "source-etag",
)  # fmt: skip


def whereabouts(
    stores: Stores, ticket: str, runs: Runs, runs_of: Callable[[str], list[BatchRun]] = lambda _: []
) -> Whereabouts:
    """Where the ticket of this id or key is. `runs_of` tells a batch's runs."""
    key = ticket if ticket.endswith(SUFFIX) else f"{ticket}{SUFFIX}"
    messages = sum(stores.queue.depth().values())
    names = batch_names(stores, runs)
    going, failed = _naming(stores, key, names.going), _naming(stores, key, names.failed)
    versions = [version.listed for version in stores.raw.versions_of(key) if version.listed]
    record, items = stores.records.find(key), items_of(key, stores.table.items)
    entry = stores.quarantine.find(key)
    made_from = [item_source(item) for item in items]
    if record and not items and source_of(record.info.metadata).etag == FORGOTTEN:
        made_from = [source_of(record.info.metadata)]
    raw = stores.raw.head(key)
    young = raw is not None and raw.last_modified > time.time() - books.UNHEARD_SECONDS
    seen = Evidence(raw, record and record.info, made_from, entry, going, failed, messages, young)
    start = _start(versions, record, entry)
    scanned = list(islice(stores.batches.since(start - EARLIER), MOST_SCANNED + 1)) if start else []
    known = {*going, *failed, *_mentioned(record, items, entry)}
    named = sorted({*known, *_naming(stores, key, scanned[:MOST_SCANNED])})
    return Whereabouts(
        key=key,
        verdict=verdict(seen),
        raw=[RawVersion(etag=v.etag, last_modified=v.last_modified, size=v.size) for v in versions],
        record=_record(record) if record else None,
        items=[{name: value for name, value in from_item(item).items() if name in SHOWN} for item in items],
        quarantine=entry and without_texts(entry),
        tombstone=seen.tombstone,
        batches=[_history(stores, batch, runs_of) for batch in named],
        scanned=min(len(scanned), MOST_SCANNED),
        cut=len(scanned) > MOST_SCANNED,
    )


def _naming(stores: Stores, key: str, batches: Iterable[str]) -> list[str]:
    return sorted(manifest.batch for manifest in stores.batches.manifests(batches) if key in manifest.keys)


def _start(versions: list[Listed], record: StoredObject | None, entry: QuarantineEntry | None) -> int:
    """When the ticket was first heard of, in Unix seconds; 0 where nothing tells."""
    if versions:
        return min(version.last_modified for version in versions)
    if record:
        times = (record.info.last_modified, source_of(record.info.metadata).last_modified)
        return min(time for time in times if time)
    return (entry.last_modified or int(entry.read_at)) if entry else 0


def _mentioned(record: StoredObject | None, items: list[Item], entry: QuarantineEntry | None) -> set[str]:
    found = [record.info.metadata.get("batch") if record else None, entry.batch if entry else None]
    found += [item["batch"]["S"] for item in items if "batch" in item]
    return {batch for batch in found if batch}


def _record(record: StoredObject) -> dict[str, str]:
    try:
        made_by = json.loads(record.body)["enrichment"]["model_version"]
    except (ValueError, LookupError, TypeError):
        made_by = ""
    return {**record.info.metadata, "model_version": str(made_by)}


def _history(stores: Stores, batch: str, runs_of: Callable[[str], list[BatchRun]]) -> BatchHistory:
    marker, failure = stores.batches.marker(batch), stores.batches.failure(batch)
    return BatchHistory(batch=batch, marker=marker, runs=runs_of(batch), failure=failure)
