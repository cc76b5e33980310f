"""The books of one batch, asked of the stores themselves rather than of what a run believes to have written."""

from collections.abc import Collection
from typing import NamedTuple

from resources.aws import concurrently
from resources.dynamodb import DynamoDBTable
from resources.object_store import S3ObjectStore
from resources.ordering import Record, is_tombstone
from ticket_assets.domain.batches import Manifest
from ticket_assets.domain.models import TicketItem
from ticket_assets.stores.quarantine import Quarantine

ASKED = ("ticket_id", "batch")  # a tombstone has no batch


class Account(NamedTuple):
    """received = enriched + superseded + quarantined + forgotten + missing, of one batch."""

    enriched: int
    superseded: int
    quarantined: int
    forgotten: int
    missing: list[str]


def account(
    manifest: Manifest,
    records: S3ObjectStore,
    table: DynamoDBTable,
    quarantine: Quarantine,
    items: Collection[Record[TicketItem]] = (),
) -> Account:
    """Look each object of the batch up.

    Enriched: this batch's record stands; superseded: another batch's does; forgotten: a tombstone stands there.
    `items` are those that were to be written: one that stands vouches for its record, which S3 took before. They are
    asked for by the hundred, everything else one by one.
    """
    suspects = set(quarantine.suspects(manifest.keys))
    vouched = _standing(table, items)

    def look_up(key: str) -> str:
        if key in suspects and quarantine.find(key):
            return "quarantined"
        batch = vouched.get(key)
        if batch is None:
            record = records.head(key)
            if record and is_tombstone(record.metadata):
                return "forgotten"
            if record is None or not table.items(key.removesuffix(".json")):
                return "missing"
            batch = record.metadata.get("batch")
        return "enriched" if batch == manifest.batch else "superseded"

    found = concurrently(look_up, manifest.keys)
    return Account(
        enriched=found.count("enriched"),
        superseded=found.count("superseded"),
        quarantined=found.count("quarantined"),
        forgotten=found.count("forgotten"),
        missing=[key for key, state in zip(manifest.keys, found, strict=True) if state == "missing"],
    )


def _standing(table: DynamoDBTable, items: Collection[Record[TicketItem]]) -> dict[str, str]:
    """The batch of each of these items that stands, by its raw object's key."""
    keys = {item.body.ticket_id: item for item in items}
    found = table.glance_many([(name, item.body.created_at) for name, item in keys.items()], ASKED)
    return {keys[i["ticket_id"]["S"]].key: i["batch"]["S"] for i in found if "batch" in i}
