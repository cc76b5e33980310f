"""The books of one batch, asked of the stores themselves rather than of what a run believes to have written."""

from typing import NamedTuple

from resources.aws import concurrently
from resources.dynamodb import DynamoDBTable
from resources.object_store import S3ObjectStore
from resources.ordering import is_tombstone
from ticket_assets.domain.batches import Manifest
from ticket_assets.stores.quarantine import Quarantine


class Account(NamedTuple):
    """received = enriched + superseded + quarantined + forgotten + missing, of one batch."""

    enriched: int
    superseded: int
    quarantined: int
    forgotten: int
    missing: list[str]


def account(manifest: Manifest, records: S3ObjectStore, table: DynamoDBTable, quarantine: Quarantine) -> Account:
    """Look each object of the batch up.

    Enriched: this batch's record stands; superseded: another batch's does; forgotten: a tombstone stands there.
    """

    def look_up(key: str) -> str:
        if quarantine.find(key):
            return "quarantined"
        record = records.head(key)
        if record and is_tombstone(record.metadata):
            return "forgotten"
        if record is None or not table.items(key.removesuffix(".json")):
            return "missing"
        return "enriched" if record.metadata.get("batch") == manifest.batch else "superseded"

    found = concurrently(look_up, manifest.keys)
    return Account(
        enriched=found.count("enriched"),
        superseded=found.count("superseded"),
        quarantined=found.count("quarantined"),
        forgotten=found.count("forgotten"),
        missing=[key for key, state in zip(manifest.keys, found, strict=True) if state == "missing"],
    )
