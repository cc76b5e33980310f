import re

import pytest

from resources.object_store import ObjectMissing, WriteConflict
from tests.support import store
from ticket_assets.domain.batches import BatchFailure, Manifest, halves
from ticket_assets.stores.batches import READ_AT_ONCE, Batches


@pytest.fixture
def batches(settings):
    return Batches(store(settings.pipeline_bucket))


def failure(batch: str, run_id: str = "r-1") -> BatchFailure:
    return BatchFailure(batch=batch, run_id=run_id, error="boom", at="2026-01-02T03:04:05Z")


def test_a_landed_batch_has_a_manifest_and_is_pending(batches):
    landed = batches.land("tickets-raw", ("a.json", "caf\u00e9 b.json"))

    assert batches.manifest(landed.batch) == landed
    assert (landed.bucket, landed.keys) == ("tickets-raw", ["a.json", "caf\u00e9 b.json"])
    assert re.fullmatch(r"\d{8}T\d{6}Z-[0-9a-f]{8}", landed.batch)
    assert batches.pending() == [landed.batch]


def test_a_batch_holds_a_key_that_was_named_twice_once_and_in_its_place(batches):
    assert batches.land("tickets-raw", ("b.json", "a.json", "b.json")).keys == ["b.json", "a.json"]


def test_manifest_and_marker_lie_where_the_contract_says(settings, batches):
    batch = batches.land("tickets-raw", ("a.json",)).batch

    assert sorted(store(settings.pipeline_bucket).list_keys()) == [f"batches/{batch}.json", f"batches/pending/{batch}"]
    assert Manifest.model_validate_json(store(settings.pipeline_bucket).get(f"batches/{batch}.json").body).keys == [
        "a.json"
    ]


def test_pending_batches_are_told_oldest_first(settings, batches):
    for batch in ("20260102T000000Z-00000000", "20251231T235959Z-ffffffff", "20260102T000001Z-00000000"):
        store(settings.pipeline_bucket).put(f"batches/pending/{batch}", b"")

    assert batches.pending() == [
        "20251231T235959Z-ffffffff", "20260102T000000Z-00000000", "20260102T000001Z-00000000",
    ]  # fmt: skip


def test_a_cleared_batch_is_not_pending_and_keeps_its_manifest(batches):
    first, second = (batches.land("tickets-raw", (key,)) for key in ("a.json", "b.json"))

    batches.clear_pending(first.batch)
    batches.clear_pending(first.batch)

    assert batches.pending() == [second.batch]
    assert batches.manifest(first.batch) == first


def test_a_deferred_batch_is_not_pending_and_keeps_its_manifest_when_it_is_cleared(settings, batches):
    landed = batches.land("tickets-raw", ("a.json",), deferred=True)

    assert (batches.pending(), list(batches.deferred())) == ([], [landed.batch])
    assert f"batches/deferred/{landed.batch}" in store(settings.pipeline_bucket).list_keys()
    batches.clear_deferred(landed.batch)
    assert list(batches.deferred()) == []
    assert batches.manifest(landed.batch) == landed


def test_what_still_has_work_to_do_is_pending_deferred_or_failed(batches):
    pending = batches.land("tickets-raw", ("a.json",)).batch
    deferred = batches.land("tickets-raw", ("b.json",), deferred=True).batch
    batches.record_failure(failure("b-1"))

    assert batches.unfinished() == {pending, deferred, "b-1"}


def test_a_batch_that_was_never_landed_is_named_with_the_remedy(settings, batches):
    with pytest.raises(ObjectMissing) as caught:
        batches.manifest("20260102T000000Z-00000000")

    assert "20260102T000000Z-00000000" in str(caught.value)
    assert settings.pipeline_bucket in str(caught.value)
    assert "TICKETS_PIPELINE_BUCKET" in str(caught.value)


def test_failed_batches_are_told_oldest_first(batches):
    for batch in ("20260102T000000Z-b", "20260101T000000Z-a"):
        batches.record_failure(failure(batch))

    assert batches.failures() == [failure("20260101T000000Z-a"), failure("20260102T000000Z-b")]


def test_a_batch_that_fails_again_has_one_record_of_its_last_run(batches):
    batches.record_failure(failure("b-1", "r-1"))
    batches.record_failure(failure("b-1", "r-2"))

    assert batches.failures() == [failure("b-1", "r-2")]


def test_a_batch_that_succeeds_after_all_is_failed_no_more(batches):
    batches.record_failure(failure("b-1"))

    batches.clear_failure("b-1")
    batches.clear_failure("b-2")

    assert batches.failures() == []


def test_nothing_is_pending_or_failed_in_the_beginning(batches):
    assert (batches.pending(), batches.failures()) == ([], [])


def test_batches_with_either_marker_are_open_and_say_which(settings, batches):
    pending = batches.land("tickets-raw", ("a.json",)).batch
    store(settings.pipeline_bucket).put("batches/deferred/d-1", b"")
    store(settings.pipeline_bucket).put(f"batches/deferred/{pending}", b"")

    assert sorted(batches.open()) == sorted([pending, "d-1"])
    assert [batches.marker(batch) for batch in (pending, "d-1", "none")] == ["pending", "deferred", None]


def test_a_failed_batch_is_named_and_its_failure_told(batches):
    batches.record_failure(failure("b-2"))
    batches.record_failure(failure("b-1"))

    assert batches.failed() == ["b-1", "b-2"]
    assert batches.failure("b-1") == failure("b-1")
    assert batches.failure("b-3") is None


def test_batches_are_found_by_the_second_they_were_landed_in_and_markers_are_none(settings, batches):
    names = ["20260101T235959Z-ffffffff", "20260102T000000Z-00000000", "20260102T000001Z-00000000"]
    for batch in names:
        store(settings.pipeline_bucket).put(f"batches/{batch}.json", b"{}")
        store(settings.pipeline_bucket).put(f"batches/pending/{batch}", b"")
    batches.record_failure(failure(names[0]))

    assert list(batches.since(1767312000)) == names[1:]
    assert list(batches.since(0)) == names


def test_more_manifests_than_are_read_at_once_come_in_order_without_those_that_are_not_there(batches):
    landed = [batches.land("tickets-raw", (f"{number}.json",)) for number in range(READ_AT_ONCE + 2)]
    wanted = [manifest.batch for manifest in landed]

    assert list(batches.manifests([wanted[0], "none", *wanted[1:]])) == landed


def test_a_batch_is_split_into_two_that_are_pending_and_is_failed_no_more(batches):
    batch = batches.land("tickets-raw", ("a.json", "b.json", "c.json"))
    batches.record_failure(failure(batch.batch))

    made = batches.split(batch.batch)

    assert [batches.manifest(half.batch) for half in made] == made == halves(batch)
    assert sorted(batches.pending()) == sorted([batch.batch, *(half.batch for half in made)])
    assert batches.failures() == []


def test_a_split_that_was_killed_in_between_is_finished_by_the_next(settings, batches):
    batch = batches.land("tickets-raw", ("a.json", "b.json"))
    first, second = halves(batch)
    store(settings.pipeline_bucket).put(f"batches/{first.batch}.json", first.model_dump_json().encode())

    batches.split(batch.batch)

    assert [batches.manifest(half.batch) for half in (first, second)] == [first, second]
    assert {first.batch, second.batch} <= set(batches.pending())


def test_a_half_never_takes_the_place_of_another_batch(settings, batches):
    batch = batches.land("tickets-raw", ("a.json", "b.json"))
    other = halves(batch)[1].model_copy(update={"keys": ["z.json"], "parent": None})
    store(settings.pipeline_bucket).put(f"batches/{other.batch}.json", other.model_dump_json().encode())

    with pytest.raises(WriteConflict):
        batches.split(batch.batch)

    assert batches.manifest(other.batch) == other
    assert batches.pending() == [batch.batch]
