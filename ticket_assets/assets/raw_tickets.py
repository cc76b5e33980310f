"""The tickets of a batch as their producers wrote them, each read once and validated.

A batch is up to 256 objects of the raw bucket, named in its manifest. What is not a valid ticket is put in quarantine
with a reason code and field-level errors; its neighbours go on. A ticket that is alone because its batch killed its
process is tried out in another process first.
"""

import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime

import dagster as dg

from resources.aws import concurrently, patiently
from resources.models.suite import ModelSuite
from resources.models.trial import Texts, killed_by
from resources.object_store import ObjectUnreadable, S3ObjectStore
from ticket_assets.assets.policy import BATCHES, Stopwatch, ticket_asset
from ticket_assets.domain.batches import iso
from ticket_assets.domain.classification import own_summary
from ticket_assets.domain.intake import (
    Rejected,
    object_gone,
    object_key,
    object_unreadable,
    parse_ticket,
    process_killer,
)
from ticket_assets.domain.probes import LONG, SHORT
from ticket_assets.domain.quarantine import QuarantineEntry, Rejection
from ticket_assets.domain.rows import Provenance, RawRow
from ticket_assets.stores.batches import Batches
from ticket_assets.stores.originals import KEPT_BYTES
from ticket_assets.stores.quarantine import Quarantine

OUTAGE_SECONDS = 15 * 60


@ticket_asset(kinds={"s3", "json", "pydantic"}, io_manager_key="rows_io", code_version="1", dagster_type=list[RawRow])
def raw_tickets(
    context: dg.AssetExecutionContext,
    raw_store: S3ObjectStore,
    record_store: S3ObjectStore,
    pipeline_store: S3ObjectStore,
    models: ModelSuite,
) -> dg.MaterializeResult:
    watch = Stopwatch()
    # Here a run that was started, or is retried, during an outage waits for its end.
    batches, batch = Batches(pipeline_store), context.partition_key
    manifest = patiently(lambda: batches.manifest(batch), OUTAGE_SECONDS, context.log.warning)
    if manifest.bucket != raw_store.bucket:
        raise ValueError(f"batch {batch} is of bucket {manifest.bucket}; TICKETS_RAW_BUCKET is {raw_store.bucket}")
    # Dagster fails a run without its partition, and a run may be repeated long after that was pruned.
    context.instance.add_dynamic_partitions(BATCHES.name or "", [batch])
    version = models.version
    kept = Quarantine(pipeline_store, record_store)

    def take_in(key: str) -> RawRow | Rejection:
        outcome, body = read_ticket(raw_store, key, version)
        if manifest.alone and isinstance(outcome, RawRow):
            outcome = try_out(models, outcome)
        if isinstance(outcome, Rejection):
            # Here and not all together afterwards: 256 originals of 1 MiB would have to be held till then.
            quarantine(kept, [outcome], manifest.batch, lambda _: body)
        return outcome

    outcomes = concurrently(take_in, manifest.keys)
    rows = [outcome for outcome in outcomes if isinstance(outcome, RawRow)]
    rejections = [outcome for outcome in outcomes if isinstance(outcome, Rejection)]
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


def read_ticket(store: S3ObjectStore, key: str, model_version: str) -> tuple[RawRow | Rejection, bytes | None]:
    """The object's current version as a row, or why it is none; and the bytes that were read, None where none were."""
    read_at = time.time()
    try:
        stored = store.find(key, limit=KEPT_BYTES)
    except ObjectUnreadable as error:
        return object_unreadable(str(error)).at(key, read_at), None
    if stored is None:
        return object_gone().at(key, read_at), None
    info = stored.info
    try:
        ticket = parse_ticket(key, stored.body, info.size)
    except Rejected as outcome:
        return outcome.at(key, read_at, info.etag, info.last_modified), stored.body
    provenance = Provenance(
        etag=info.etag, last_modified=info.last_modified, read_at=read_at, model_version=model_version
    )
    return RawRow.of(ticket, provenance), stored.body


def try_out(models: ModelSuite, row: RawRow) -> RawRow | Rejection:
    """The row, unless it is of a ticket that kills the models' process three times: then its rejection."""
    bodies = [row.body] if own_summary(row) is None else []
    killer = killed_by(models, Texts(row.text, bodies), Texts(SHORT, [LONG]))
    if killer is None:
        return row
    return process_killer(killer).at(object_key(row.ticket_id), row.read_at, row.etag, row.last_modified)


def quarantine(
    store: Quarantine,
    rejections: list[Rejection],
    batch: str,
    original: Callable[[QuarantineEntry], bytes | None],
) -> None:
    """Store the rejections as entries of this batch, each with the bytes that `original` gives for it."""
    now = iso(datetime.now(UTC))
    store.add([QuarantineEntry(**dict(rejection), batch=batch, at=now) for rejection in rejections], original)
