"""The books of a batch: what is asked at once and what one by one come to the same."""

import pytest

from resources.dynamodb import Item, to_item
from resources.ordering import Record, Stamp
from tests.support import item_record, stamp, store
from ticket_assets.domain.batches import Manifest
from ticket_assets.domain.models import TicketItem
from ticket_assets.domain.quarantine import QuarantineEntry, Reason
from ticket_assets.stores.accounts import account
from ticket_assets.stores.quarantine import Quarantine
from ticket_assets.stores.search_index import SearchIndex
from ticket_assets.stores.tombstones import Tombstones

NAMES = [f"T-{number:03d}" for number in range(205)]


@pytest.fixture
def quarantine(settings):
    return Quarantine(store(settings.pipeline_bucket), store(settings.enriched_bucket))


def entry(key: str) -> QuarantineEntry:
    return QuarantineEntry(
        key=key, reason=Reason.NOT_JSON, errors=[], etag="e", last_modified=5, read_at=5.5, batch="b", at=""
    )


def item(record: Record[TicketItem]) -> Item:
    return to_item({**record.attributes(), **record.body.model_dump(exclude_none=True)})


def add_record(settings, name: str, age: Stamp, batch: str) -> None:
    store(settings.enriched_bucket).put(f"{name}.json", b"{}", metadata={**age.attributes(), "batch": batch})


def test_every_object_of_more_than_a_hundred_is_counted_once_as_what_it_is(settings, table, quarantine):
    records = [item_record(stamp(1), batch="b-1", ticket_id=name) for name in NAMES]
    for record in records[4:]:
        table.overwrite(item(record))
    add_record(settings, NAMES[0], stamp(1), "b-1")  # has no item
    table.overwrite(item(item_record(stamp(2), 7, batch="b-2", ticket_id=NAMES[1])))
    add_record(settings, NAMES[1], stamp(2), "b-2")
    Tombstones(store(settings.enriched_bucket), table, SearchIndex(settings.pipeline_bucket)).put([f"{NAMES[2]}.json"])
    quarantine.add([entry(f"{NAMES[3]}.json"), entry(f"{NAMES[4]}.json")])
    manifest = Manifest(batch="b-1", bucket="raw", keys=[f"{name}.json" for name in NAMES], created_at="")

    books = account(manifest, store(settings.enriched_bucket), table, quarantine, records)

    assert books == (200, 1, 2, 1, [f"{NAMES[0]}.json"])
