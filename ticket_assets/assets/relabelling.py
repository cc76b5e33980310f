"""What the models of today make of tickets that are enriched already, beside what is stored. Nothing is written."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from resources.models.suite import ModelSuite
from resources.object_store import S3ObjectStore, StoredObject
from ticket_assets.assets.classified_tickets import classify
from ticket_assets.assets.embedded_tickets import embed
from ticket_assets.assets.summarized_tickets import summarize
from ticket_assets.domain.batches import iso
from ticket_assets.domain.comparison import LABELS, Compared, compared
from ticket_assets.domain.intake import Rejected, parse_ticket
from ticket_assets.domain.items import clipped
from ticket_assets.domain.join import join
from ticket_assets.domain.rows import Provenance, RawRow
from ticket_assets.stores.originals import KEPT_BYTES

AT_ONCE = 64
# Of an item, to compare it; `batch` tells that it is a ticket's and no tombstone.
COMPARED = ("model_version", "summary", "s3_key", "batch", "source-etag", "computed", *LABELS)
ASKED = (*COMPARED, *(f"{name}_confidence" for name in LABELS))
Item = Mapping[str, Any]


@dataclass
class Left:
    """Tickets of the sample that could not be compared: their object is gone or another by now, or broke a model."""

    gone: int = 0
    put_again: int = 0
    failed: int = 0


def relabelled(
    models: ModelSuite, raw: S3ObjectStore, items: Iterator[Item], most: int, left: Left
) -> Iterator[list[Compared]]:
    """Up to `most` tickets of `items`, some at a time, each enriched again from the version that its item was made of.

    `left` counts those that were meant and are not among them.
    """
    version = models.version
    while group := {item["s3_key"]: item for item in islice(items, min(AT_ONCE, most))}:  # a ticket may have two items
        most -= len(group)
        found = raw.find_many(group, limit=KEPT_BYTES)
        pairs = [(item, stored) for item, stored in zip(group.values(), found, strict=True) if stored]
        left.gone += len(group) - len(pairs)
        rows = {item["s3_key"]: row for item, stored in pairs if (row := _row(item, stored, version))}
        left.put_again += len(pairs) - len(rows)
        yield _compare(models, [group[key] for key in rows], list(rows.values()), left)


def _compare(models: ModelSuite, items: Sequence[Item], rows: Sequence[RawRow], left: Left) -> list[Compared]:
    if not rows:
        return []
    embedded = embed(models, rows)
    classified, summarized = classify(models, rows, embedded), summarize(models, rows)
    whole, broken = join(rows, embedded, classified, summarized, iso(datetime.now(UTC)))
    left.failed += len(broken)
    made = {enriched.ticket.ticket_id: enriched.ticket for enriched in whole}
    pairs = [(item, made.get(row.ticket_id)) for item, row in zip(items, rows, strict=True)]
    return [compared(item, ticket, clipped(ticket.enrichment.summary)) for item, ticket in pairs if ticket]


def _row(item: Item, stored: StoredObject, version: str) -> RawRow | None:
    """The ticket as its item knew it, None where the object is another version by now."""
    info = stored.info
    if info.etag != item.get("source-etag"):
        return None
    try:
        ticket = parse_ticket(item["s3_key"], stored.body, info.size)
    except Rejected:  # the contracts changed since
        return None
    made_from = Provenance(etag=info.etag, last_modified=info.last_modified, read_at=time.time(), model_version=version)
    return RawRow.of(ticket, made_from)
