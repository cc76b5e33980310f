"""The bytes beside the entries, and the races of those who add and clear."""

import random
from itertools import chain

import pytest

from resources.aws import concurrently
from resources.object_store import WriteConflict
from tests.aws.test_quarantine import enrich, entry
from tests.support import stamp, store
from ticket_assets.domain.quarantine import MessageEntry, QuarantineEntry, Reason
from ticket_assets.stores.originals import Originals
from ticket_assets.stores.quarantine import Quarantine


@pytest.fixture
def quarantine(settings):
    return Quarantine(store(settings.pipeline_bucket), store(settings.enriched_bucket))


@pytest.fixture
def raw(settings):
    return store(settings.raw_bucket)


def body_of(found: QuarantineEntry) -> bytes:
    """Bytes that tell their version."""
    return b"\x00\xff" + found.etag.encode()


def left(settings) -> list[str]:
    return list(store(settings.pipeline_bucket).list_keys("quarantine/"))


def shown(quarantine, raw, key: str = "T-1.json") -> bytes | None:
    held = quarantine.look_up(key)
    assert held is not None
    return quarantine.original(held, raw)


def test_the_bytes_that_were_read_are_kept_and_go_with_their_entry(settings, quarantine, raw):
    quarantine.add([entry()], body_of)
    assert shown(quarantine, raw) == b"\x00\xffe5"
    assert len(left(settings)) == 2

    quarantine.clear({"T-1.json": stamp(6, read_at=6)})

    assert left(settings) == []


def test_an_empty_object_has_an_original_of_no_bytes(quarantine, raw):
    quarantine.add([entry()], lambda _: b"")

    assert shown(quarantine, raw) == b""


def test_without_an_original_the_raw_object_is_shown_while_it_is_that_version(settings, quarantine, raw):
    etag = raw.put("T-1.json", b"bad")
    quarantine.add([entry().model_copy(update={"etag": etag})])
    assert shown(quarantine, raw) == b"bad"

    raw.put("T-1.json", b"replaced")

    assert shown(quarantine, raw) is None


def test_an_original_of_another_version_is_never_shown(settings, quarantine, raw):
    quarantine.add([entry()])
    Originals(store(settings.pipeline_bucket)).keep("T-1.json", entry(4, 4), b"older")

    assert shown(quarantine, raw) is None


def test_an_entry_without_bytes_takes_older_bytes_away(settings, quarantine):
    quarantine.add([entry()], body_of)

    quarantine.add([entry(last_modified=0, read_at=6)])

    assert left(settings) == ["quarantine/objects/T-1.json.json"]


def test_an_older_reading_never_replaces_or_removes_a_newer_original(settings):
    originals = Originals(store(settings.pipeline_bucket))
    originals.keep("n", entry(6, 6), b"newer")

    originals.keep("n", entry(5, 5), b"older")
    originals.keep("n", entry(5, 5), None)
    originals.remove("n", 5)

    assert originals.find("n", "e6") == b"newer"


def test_an_entry_that_was_replaced_since_it_was_looked_at_is_not_removed(settings, quarantine, raw):
    quarantine.add([entry()], body_of)
    seen = quarantine.look_up("T-1.json")
    assert seen is not None
    quarantine.add([entry(6, 6)], body_of)

    with pytest.raises(WriteConflict):
        quarantine.remove(seen)

    assert quarantine.find("T-1.json") == entry(6, 6)
    assert shown(quarantine, raw) == b"\x00\xffe6"


def test_of_older_and_newer_entries_and_records_at_once_only_the_newest_leaves_a_trace(settings, quarantine, raw):
    """Each of 20 tickets meets bad and good versions in any order; the newest is bad for half of them."""

    def bad(key: str, version: int) -> None:
        quarantine.add([entry(version, version + 0.5, key)], body_of)

    def good(key: str, version: int) -> None:
        age = stamp(version, read_at=version + 0.5)
        records = store(settings.enriched_bucket)
        # As ordered writes leave it: an older record never replaces a newer one.
        if not (standing := records.head(key)) or standing.metadata["stamp"] < age.attributes()["stamp"]:
            enrich(settings, age, key)
        quarantine.clear({key: age})

    keys = [f"T-{n}.json" for n in range(20)]
    newest_bad = [[(bad, k, v) for v in (1, 2, 4)] + [(good, k, 3)] for k in keys[:10]]
    newest_good = [[(bad, k, v) for v in (1, 2, 3)] + [(good, k, 4)] for k in keys[10:]]
    work = list(chain(*newest_bad, *newest_good))
    random.shuffle(work)

    concurrently(lambda task: task[0](*task[1:]), work, 20)

    assert {found.key: found.last_modified for found in quarantine.entries()} == dict.fromkeys(keys[:10], 4)
    assert all(shown(quarantine, raw, key) == b"\x00\xffe4" for key in keys[:10])
    assert len(left(settings)) == 20


def test_a_clear_and_an_add_of_one_version_at_once_leave_the_bytes_only_with_an_entry(settings, quarantine):
    enrich(settings, stamp(6, read_at=6))
    tasks = [
        *[lambda: quarantine.add([entry()], body_of)] * 10,
        *[lambda: quarantine.clear({"T-1.json": stamp(6)})] * 10,
    ]

    concurrently(lambda task: task(), tasks, 20)

    assert left(settings) == []


def test_a_record_of_the_same_version_clears_a_dead_letter_however_early_it_was_read(quarantine):
    dead = entry().model_copy(update={"reason": Reason.DEAD_LETTER, "read_at": 9.0})
    quarantine.add([dead])

    quarantine.clear({"T-1.json": stamp(5, read_at=5.1)})

    assert quarantine.find("T-1.json") is None


def test_a_record_of_another_version_of_the_same_second_leaves_a_dead_letter(quarantine):
    dead = entry().model_copy(update={"reason": Reason.DEAD_LETTER, "read_at": 9.0})
    quarantine.add([dead])

    quarantine.clear({"T-1.json": stamp(5, read_at=5.1, etag="other")})

    assert quarantine.find("T-1.json") == dead


def test_an_entry_is_looked_up_by_key_ticket_id_or_message_id(quarantine):
    message = MessageEntry(message_id="m-1", errors=[], body="half \ud800 pair", at="")
    quarantine.add([entry()])
    quarantine.add_message(message)

    assert [quarantine.look_up(name).entry for name in ("T-1.json", "T-1", "m-1")] == [entry(), entry(), message]
    assert quarantine.look_up("T-2") is None


def test_entries_are_read_in_order_however_many(quarantine):
    keys = [f"T-{n:03}.json" for n in range(150)]
    quarantine.add([entry(key=key) for key in keys])

    assert [found.key for found in quarantine.entries()] == keys
