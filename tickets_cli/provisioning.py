"""What the pipeline needs of AWS, as the contracts say: buckets, queues, notification, table and indexes."""

from collections.abc import Iterator

from resources.lifecycle import ensure_lifecycle, expiration
from resources.provision import (
    DAY,
    ensure_bucket,
    ensure_notification,
    ensure_queue,
    ensure_table,
    let_bucket_send,
    redrive_policy,
)
from resources.provision_security import protect_buckets, protect_queues
from resources.redrive import require_redrive
from ticket_assets.domain.lists import INDEXED, index_name
from ticket_assets.settings import Settings

RECEIVES = 5
KEYS = (("ticket_id", "S"), ("created_at", "N"))
SPARSE = ("needs_review",)  # only the items that have the attribute are in such an index
LISTED = (
    "subject", "summary", "priority", "s3_key",
    "intent", "intent_confidence", "urgency", "urgency_confidence", "sentiment", "sentiment_confidence",
)  # fmt: skip

EXPORTS_DAYS = 90
# The log of batches, the search index, and what people still have to look at are never removed by age.
KEPT = ("batches/", "search/", "quarantine/objects/", "quarantine/messages/", "quarantine/originals/")


def provision(settings: Settings) -> Iterator[str]:
    """Make what is missing, in order; yields a line for each thing that now exists."""
    for bucket in (settings.raw_bucket, settings.enriched_bucket, settings.pipeline_bucket):
        ensure_bucket(bucket)
        yield f"bucket {bucket}"
    yield _lifecycle(settings)
    yield from protect_buckets((settings.raw_bucket, settings.enriched_bucket, settings.pipeline_bucket))
    dead_letters = ensure_queue(settings.dead_letter_queue, {"MessageRetentionPeriod": str(14 * DAY)})
    yield f"queue {settings.dead_letter_queue}"
    attributes = {
        "VisibilityTimeout": "300",
        "ReceiveMessageWaitTimeSeconds": "20",
        "MessageRetentionPeriod": str(13 * DAY),  # under the dead-letter queue's: a message keeps its age when it moves
        "RedrivePolicy": redrive_policy(dead_letters, RECEIVES),
    }
    queue = ensure_queue(settings.queue, attributes)
    let_bucket_send(settings.queue, queue, settings.raw_bucket)
    yield f"queue {settings.queue}, to {settings.dead_letter_queue} after {RECEIVES} receives"
    yield from protect_queues((settings.queue, settings.dead_letter_queue))
    ensure_notification(settings.raw_bucket, queue, ".json")
    yield f"event s3://{settings.raw_bucket}/*.json created -> {settings.queue}"
    indexed = (*INDEXED, *SPARSE)
    ensure_table(settings.table, KEYS, {index_name(name): _index(name) for name in indexed})
    yield f"table {settings.table} with {', '.join(map(index_name, indexed))}"
    check_redrive(settings)


def check_redrive(settings: Settings) -> None:
    """Raise ProvisionError where dead letters would be lost; what an unreachable or empty AWS raises, too."""
    require_redrive(settings.queue, settings.dead_letter_queue, RECEIVES)


def _lifecycle(settings: Settings) -> str:
    rules = [
        expiration("ticket-assets", "assets/", settings.assets_retention_days),
        expiration("ticket-quarantine-exports", "quarantine/exports/", EXPORTS_DAYS),
    ]
    where = f"lifecycle of {settings.pipeline_bucket}"
    if not ensure_lifecycle(settings.pipeline_bucket, rules, KEPT):
        return f"{where}: this endpoint knows none, so old files between assets stay"
    told = ", ".join(f"{rule['Filter']['Prefix']} {rule['Expiration']['Days']} days" for rule in rules)
    return f"{where}: {told}"


def _index(attribute: str) -> tuple[tuple[tuple[str, str], ...], list[str]]:
    projected = [name for name in LISTED if name != attribute]
    return ((attribute, "S"), ("created_at", "N")), projected
