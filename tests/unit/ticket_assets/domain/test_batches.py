import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ticket_assets.domain.batches import Manifest, batch_key, halves, iso, split

NOON = datetime(2026, 11, 23, 11, 20, 5, 999_999, tzinfo=UTC)


def test_a_batch_key_is_its_time_and_a_random_part():
    assert re.fullmatch(r"20261123T112005Z-[0-9a-f]{8}", batch_key(NOON))


def test_batch_keys_of_one_second_differ():
    assert len({batch_key(NOON) for _ in range(100)}) == 100


def test_batch_keys_sort_by_time():
    times = [NOON + timedelta(days=days, seconds=seconds) for days in (-400, 0, 40) for seconds in (0, 1, 3_600)]

    keys = [batch_key(time) for time in times]

    assert keys == sorted(keys)


def test_times_of_other_zones_are_written_in_utc():
    in_tokyo = NOON.astimezone(timezone(timedelta(hours=9)))

    assert iso(in_tokyo) == "2026-11-23T11:20:05Z"
    assert batch_key(in_tokyo).startswith("20261123T112005Z-")


def test_keys_are_split_in_their_order_into_groups_of_at_most_the_size():
    assert list(split("abcde", 2)) == [("a", "b"), ("c", "d"), ("e",)]


def test_a_key_that_comes_twice_is_in_one_batch_once():
    assert list(split(["a", "b", "a", "c", "b"], 2)) == [("a", "b"), ("c",)]


@pytest.mark.parametrize(("keys", "sizes"), [(256, [256]), (257, [256, 1]), (0, [])])
def test_a_batch_holds_up_to_its_size(keys, sizes):
    assert [len(group) for group in split(map(str, range(keys)), 256)] == sizes


def manifest(keys: int) -> Manifest:
    names = [f"T-{n}.json" for n in range(keys)]
    return Manifest(batch=batch_key(NOON), bucket="tickets-raw", keys=names, created_at=iso(NOON))


@settings(deadline=None)  # a busy machine is slow
@given(st.integers(1, 256))
def test_halves_hold_every_ticket_of_their_batch_once_and_say_where_they_come_from(keys):
    batch = manifest(keys)

    made = halves(batch)

    assert [key for half in made for key in half.keys] == batch.keys
    assert [half.parent for half in made] == [batch.batch] * min(keys, 2)
    assert max(len(half.keys) for half in made) == -(-keys // 2)


def test_halves_are_the_same_ones_whenever_they_are_asked_for_and_as_old_as_their_batch():
    batch = manifest(10)

    first, second = halves(batch)

    assert halves(batch) == [first, second]
    assert len({batch.batch, first.batch, second.batch}) == 3
    assert all(re.fullmatch(r"20261123T112005Z-[0-9a-f]{8}", half.batch) for half in (first, second))


def test_only_a_ticket_that_was_split_off_is_alone():
    assert not manifest(1).alone
    assert [half.alone for half in halves(manifest(1))] == [True]
    assert [half.alone for half in halves(manifest(3))] == [False, True]


def test_a_manifest_from_before_batches_were_split_is_read():
    old = manifest(2).model_dump_json(exclude={"parent"})

    assert Manifest.model_validate_json(old).parent is None
