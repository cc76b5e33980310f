"""From an object of a batch to a row, or to an entry in quarantine."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from resources.models.suite import ModelSuite
from resources.models.trial import Texts, killed_by
from resources.object_store import ObjectUnreadable, S3ObjectStore
from ticket_assets.domain.batches import iso
from ticket_assets.domain.classification import own_summary
from ticket_assets.domain.erasure import forgotten
from ticket_assets.domain.intake import (
    Rejected,
    object_gone,
    object_key,
    object_unreadable,
    parse_ticket,
    process_killer,
)
from ticket_assets.domain.probes import LONG
from ticket_assets.domain.quarantine import QuarantineEntry, Rejection
from ticket_assets.domain.rows import Provenance, RawRow
from ticket_assets.stores.originals import KEPT_BYTES
from ticket_assets.stores.quarantine import Quarantine
from ticket_assets.stores.tombstones import forgotten_at


class Read(NamedTuple):
    """What was read: a row, why there is none, or None where a forgotten ticket's object is gone too; and its bytes."""

    outcome: RawRow | Rejection | None
    body: bytes | None = None


def read_ticket(store: S3ObjectStore, records: S3ObjectStore, key: str, model_version: str) -> Read:
    """The object's current version; of a ticket that was forgotten, as `records` tells, nothing is read."""
    read_at = time.time()
    try:
        if at := forgotten_at(records, key):
            left = store.head(key)
            return Read(left and forgotten(key, at).at(key, read_at, left.etag, left.last_modified))
        stored = store.find(key, limit=KEPT_BYTES)
    except ObjectUnreadable as error:
        return Read(object_unreadable(str(error)).at(key, read_at))
    if stored is None:
        return Read(object_gone().at(key, read_at))
    info = stored.info
    try:
        ticket = parse_ticket(key, stored.body, info.size)
    except Rejected as outcome:
        return Read(outcome.at(key, read_at, info.etag, info.last_modified), stored.body)
    provenance = Provenance(
        etag=info.etag, last_modified=info.last_modified, read_at=read_at, model_version=model_version
    )
    return Read(RawRow.of(ticket, provenance), stored.body)


def try_out(models: ModelSuite, row: RawRow) -> RawRow | Rejection:
    """The row, unless it is of a ticket that kills the models' process three times: then its rejection."""
    bodies = [row.body] if own_summary(row) is None else []
    killer = killed_by(models, Texts(row.text, bodies), Texts(LONG, [LONG]))
    if killer is None:
        return row
    return process_killer(killer).at(object_key(row.ticket_id), row.read_at, row.etag, row.last_modified)


def quarantine(
    store: Quarantine,
    rejections: Sequence[Rejection],
    batch: str,
    original: Callable[[QuarantineEntry], bytes | None],
) -> None:
    """Store the rejections as entries of this batch, each with the bytes that `original` gives for it."""
    now = iso(datetime.now(UTC))
    store.add([QuarantineEntry(**dict(rejection), batch=batch, at=now) for rejection in rejections], original)
