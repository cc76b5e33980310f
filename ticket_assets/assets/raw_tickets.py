"""The tickets of a batch as their producers wrote them, each read once and validated.

A batch is up to 256 objects of the raw bucket, named in its manifest. What is not a valid ticket is put in quarantine
with a reason code and field-level errors; its neighbours go on.
"""

import time
from collections import Counter
from datetime import UTC, datetime

import dagster as dg

from resources.aws import concurrently
from resources.models.suite import ModelSuite
from resources.object_store import ObjectUnreadable, S3ObjectStore
from ticket_assets.assets.policy import Stopwatch, ticket_asset
from ticket_assets.domain.batches import iso
from ticket_assets.domain.intake import MAX_OBJECT_BYTES, Rejected, object_gone, object_unreadable, parse_ticket
from ticket_assets.domain.quarantine import QuarantineEntry, Rejection
from ticket_assets.domain.rows import Provenance, RawRow
from ticket_assets.stores.batches import Batches
from ticket_assets.stores.quarantine import Quarantine


@ticket_asset(kinds={"s3", "json", "pydantic"}, io_manager_key="rows_io", code_version="1", dagster_type=list[RawRow])
def raw_tickets(
    context: dg.AssetExecutionContext,
    raw_store: S3ObjectStore,
    record_store: S3ObjectStore,
    pipeline_store: S3ObjectStore,
    models: ModelSuite,
) -> dg.MaterializeResult:
    watch = Stopwatch()
    manifest = Batches(pipeline_store).manifest(context.partition_key)
    if manifest.bucket != raw_store.bucket:
        raise ValueError(
            f"batch {manifest.batch} is of bucket {manifest.bucket}; TICKETS_RAW_BUCKET is {raw_store.bucket}"
        )
    version = models.version
    outcomes = concurrently(lambda key: read_ticket(raw_store, key, version), manifest.keys)
    rows = [outcome for outcome in outcomes if isinstance(outcome, RawRow)]
    rejections = [outcome for outcome in outcomes if isinstance(outcome, Rejection)]
    quarantine(Quarantine(pipeline_store, record_store), rejections, manifest.batch)
    return dg.MaterializeResult(
        value=rows,
        metadata={
            "tickets": len(rows),
            "quarantined": len(rejections),
            "milliseconds_per_ticket": watch.per_ticket(len(manifest.keys)),
            "characters_per_ticket": round(sum(len(row.text) for row in rows) / max(1, len(rows))),
            "quarantine_reasons": dg.MetadataValue.json(Counter(r.reason.value for r in rejections)),
            "model_version": version,
        },
    )


def read_ticket(store: S3ObjectStore, key: str, model_version: str) -> RawRow | Rejection:
    """The object's current version as a row, or why it is none."""
    read_at = time.time()
    try:
        stored = store.find(key, limit=MAX_OBJECT_BYTES + 1)
    except ObjectUnreadable as error:
        return object_unreadable(str(error)).at(key, read_at)
    if stored is None:
        return object_gone().at(key, read_at)
    info = stored.info
    try:
        ticket = parse_ticket(key, stored.body, info.size)
    except Rejected as outcome:
        return outcome.at(key, read_at, info.etag, info.last_modified)
    provenance = Provenance(
        etag=info.etag, last_modified=info.last_modified, read_at=read_at, model_version=model_version
    )
    return RawRow.of(ticket, provenance)


def quarantine(store: Quarantine, rejections: list[Rejection], batch: str) -> None:
    """Store the rejections as entries of this batch."""
    now = iso(datetime.now(UTC))
    store.add([QuarantineEntry(**dict(rejection), batch=batch, at=now) for rejection in rejections])
