import pytest

from resources.ordering import Stamp
from tests.support import stamp, store
from ticket_assets.domain.quarantine import FieldError, MessageEntry, QuarantineEntry, Reason
from ticket_assets.stores import quarantine as module
from ticket_assets.stores.quarantine import Quarantine


@pytest.fixture
def quarantine(settings):
    return Quarantine(store(settings.pipeline_bucket), store(settings.enriched_bucket))


def entry(last_modified: int = 5, read_at: float = 5.5, key: str = "T-1.json", batch: str = "b-1") -> QuarantineEntry:
    """An entry of an object's version; `last_modified` 0 stands for an object that was gone."""
    return QuarantineEntry(
        key=key,
        reason=Reason.WRONG_SCHEMA if last_modified else Reason.OBJECT_GONE,
        errors=[FieldError(field="body", message="missing")],
        etag=f"e{last_modified}" if last_modified else "",
        last_modified=last_modified,
        read_at=read_at,
        batch=batch,
        at="2026-01-02T03:04:05Z",
    )


def enrich(settings, age: Stamp, key: str = "T-1.json") -> None:
    """A record of this age, as the record manager leaves it."""
    store(settings.enriched_bucket).put(key, b"{}", metadata=age.attributes())


def test_an_entry_is_found_by_its_objects_key(quarantine):
    quarantine.add([entry(), entry(key="T-2.json")])

    assert quarantine.find("T-1.json") == entry()
    assert quarantine.find("T-3.json") is None
    assert list(quarantine.entries()) == [entry(), entry(key="T-2.json")]


@pytest.mark.parametrize(
    "key",
    [
        "a b+c%.json",
        "x/../y.json",
        "caf\u00e9 \u65e5\u672c\U0001f600.json",
        "k" * 1_024,
        "\u00e9" * 512,
        "\U0001f600" * 256,
    ],
    ids=["signs", "slashes", "unicode", "1,024 bytes", "1,024 bytes of two", "1,024 bytes of four"],
)
def test_an_entry_is_stored_whatever_its_objects_key(settings, quarantine, key):
    quarantine.add([entry(key=key)])

    assert quarantine.find(key) == entry(key=key)
    assert list(quarantine.entries()) == [entry(key=key)]
    # S3 refuses longer keys.
    assert all(len(path.encode()) <= 1_024 for path in store(settings.pipeline_bucket).list_keys())


def test_long_keys_that_differ_at_their_end_have_entries_of_their_own(quarantine):
    keys = ["\u00e9" * 511 + end for end in ("a", "b")]

    quarantine.add([entry(key=key) for key in keys])

    assert {found.key for found in quarantine.entries()} == set(keys)


@pytest.mark.parametrize("enriched", [stamp(6, read_at=6), stamp(5, read_at=6)], ids=["newer version", "read later"])
def test_a_newer_good_version_clears_the_entry(quarantine, enriched):
    quarantine.add([entry()])

    quarantine.clear({"T-1.json": enriched})

    assert quarantine.find("T-1.json") is None


@pytest.mark.parametrize(
    "enriched", [stamp(4, read_at=9), stamp(5, read_at=5.25)], ids=["older version", "read earlier"]
)
def test_an_older_good_version_leaves_the_entry(quarantine, enriched):
    quarantine.add([entry()])

    quarantine.clear({"T-1.json": enriched})

    assert quarantine.find("T-1.json") == entry()


@pytest.mark.parametrize("enriched", [stamp(6, read_at=6), stamp(5, read_at=6)], ids=["newer version", "read later"])
def test_an_entry_of_a_version_older_than_the_record_leaves_no_trace(settings, quarantine, enriched):
    enrich(settings, enriched)

    quarantine.add([entry()])

    assert list(quarantine.entries()) == []


@pytest.mark.parametrize(
    "enriched", [stamp(4, read_at=9), stamp(5, read_at=5.25)], ids=["older version", "read earlier"]
)
def test_an_entry_of_a_version_newer_than_the_record_stands(settings, quarantine, enriched):
    enrich(settings, enriched)

    quarantine.add([entry()])

    assert quarantine.find("T-1.json") == entry()


def test_an_entry_stands_beside_an_object_that_another_tool_wrote(settings, quarantine):
    store(settings.enriched_bucket).put("T-1.json", b"{}")

    quarantine.add([entry()])

    assert quarantine.find("T-1.json") == entry()


def test_an_object_that_is_gone_and_was_never_enriched_is_in_quarantine(quarantine):
    quarantine.add([entry(last_modified=0)])

    assert quarantine.find("T-1.json") == entry(last_modified=0)


def test_an_object_that_is_gone_but_enriched_is_not(settings, quarantine):
    enrich(settings, stamp(4, read_at=4))

    quarantine.add([entry(last_modified=0)])

    assert list(quarantine.entries()) == []


def test_any_good_version_clears_the_entry_of_an_object_that_was_gone(quarantine):
    quarantine.add([entry(last_modified=0)])

    quarantine.clear({"T-1.json": stamp(4, read_at=4)})

    assert list(quarantine.entries()) == []


def test_an_entry_read_later_replaces_one_read_earlier(quarantine):
    quarantine.add([entry(batch="b-1")])

    quarantine.add([entry(last_modified=6, read_at=6.5, batch="b-2")])

    assert [(found.batch, found.last_modified) for found in quarantine.entries()] == [("b-2", 6)]


def test_an_entry_read_earlier_never_replaces_one_read_later(quarantine):
    quarantine.add([entry(last_modified=6, read_at=6.5)])

    quarantine.add([entry()])

    assert list(quarantine.entries()) == [entry(last_modified=6, read_at=6.5)]


def test_a_good_outcome_of_the_same_reading_clears_the_entry(quarantine):
    quarantine.add([entry()])

    quarantine.clear({"T-1.json": stamp(5, read_at=5.5)})

    assert quarantine.find("T-1.json") is None


def test_clearing_what_has_no_entry_is_no_error(quarantine):
    quarantine.add([entry(key="T-2.json")])

    quarantine.clear({"T-1.json": stamp(9)})

    assert list(quarantine.entries()) == [entry(key="T-2.json")]


@pytest.mark.parametrize("page", [1, 2, 3, 4, 1_000])
def test_no_entry_is_overlooked_however_many_a_listing_tells(quarantine, monkeypatch, page):
    monkeypatch.setattr(module, "LISTED_AT_ONCE", page)
    keys = [f"T-{number}.json" for number in range(3)] + ["\u00e9" * 512]
    quarantine.add([entry(key=key) for key in [*keys, "A.json", "Z.json"]])

    assert set(quarantine.suspects(["T-1.json", "T-9.json", keys[3]])) >= {"T-1.json", keys[3]}
    quarantine.clear(dict.fromkeys([*keys, "T-9.json"], stamp(6, read_at=6)))

    assert [found.key for found in quarantine.entries()] == ["A.json", "Z.json"]


def test_what_has_no_entry_is_no_suspect(quarantine):
    quarantine.add([entry(key="T-2.json"), entry(key="A.json")])

    assert quarantine.suspects(["T-1.json", "T-2.json", "T-3.json"]) == ["T-2.json"]
    assert quarantine.suspects([]) == []


def test_a_bad_message_is_kept_whole(quarantine):
    message = MessageEntry(
        message_id="m/1 \u00e9",
        errors=[FieldError(field="", message="is not JSON")],
        body="{ \u65e5\u672c \x7f",
        at="2026-01-02T03:04:05Z",
    )

    quarantine.add_message(message)
    quarantine.add_message(message)

    assert list(quarantine.messages()) == [message]
    assert list(quarantine.entries()) == []
