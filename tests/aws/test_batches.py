import re

import pytest

from resources.object_store import ObjectMissing, WriteConflict
from tests.support import store
from ticket_assets.domain.batches import BatchFailure, Manifest, halves
from ticket_assets.stores.batches import Batches


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
