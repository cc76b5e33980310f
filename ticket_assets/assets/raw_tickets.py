"""The tickets of a batch as their producers wrote them, each read once and validated.

A batch is up to 256 objects of the raw bucket, named in its manifest. What is not a valid ticket is put in quarantine
with a reason code and field-level errors; its neighbours go on. Of a ticket that was forgotten nothing is read. A
ticket that is alone because its batch killed its process is tried out in another process first.
"""

from collections import Counter

import dagster as dg

from resources.aws import concurrently
from resources.models.suite import ModelSuite
from resources.object_store import S3ObjectStore
from ticket_assets.assets.policy import BATCHES, Stopwatch, ticket_asset
from ticket_assets.assets.reading import quarantine, read_ticket, try_out
from ticket_assets.domain.quarantine import Rejection
from ticket_assets.domain.rows import RawRow
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
    # Dagster fails a run without its partition, and a run may be repeated long after that was pruned.
    context.instance.add_dynamic_partitions(BATCHES.name or "", [manifest.batch])
    version = models.version
    kept = Quarantine(pipeline_store, record_store)

    def take_in(key: str) -> RawRow | Rejection | None:
        outcome, body = read_ticket(raw_store, record_store, key, version)
        if manifest.alone and isinstance(outcome, RawRow):
            outcome = try_out(models, outcome)
        if isinstance(outcome, Rejection):
            # Here and not all together afterwards: 256 originals of 1 MiB would have to be held till then.
            quarantine(kept, [outcome], manifest.batch, lambda _: body)
        return outcome

    outcomes = concurrently(take_in, manifest.keys)
    rows = [outcome for outcome in outcomes if isinstance(outcome, RawRow)]
    rejections = [outcome for outcome in outcomes if isinstance(outcome, Rejection)]
    reasons = Counter(rejection.reason.value for rejection in rejections)
    return dg.MaterializeResult(
        value=rows,
        metadata={
            "tickets": len(rows),
            "quarantined": len(rejections),
            "milliseconds_per_ticket": watch.per_ticket(len(manifest.keys)),
            "characters_per_ticket": round(sum(len(row.text) for row in rows) / max(1, len(rows))),
            **{f"quarantined_{reason}": count for reason, count in reasons.items()},
            "quarantine_reasons": dg.MetadataValue.json(reasons),
            "model_version": version,
        },
    )
