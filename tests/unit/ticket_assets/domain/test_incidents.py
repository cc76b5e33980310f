"""Groups of near tickets, and which of them rise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_assets.domain.incidents import groups

SHARE = 6 / 78  # six hours against the 72 before


def cluster(axis: int, count: int, spread: float = 0.02, seed: int = 1) -> np.ndarray:
    """Unit vectors about one axis, (count, 384)."""
    noise = spread * np.random.default_rng(seed + axis).standard_normal((count, 384))
    return unit(np.eye(384)[axis] + noise)


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_what_has_come_all_the_time_does_not_rise_and_what_is_new_does():
    recent = np.vstack([cluster(0, 10), cluster(1, 9), cluster(2, 2)])
    earlier = cluster(0, 120, seed=5)

    new, usual = groups(recent, earlier, SHARE)

    assert (sorted(new.members), new.earlier, new.rises) == (list(range(10, 19)), [], True)
    assert (sorted(usual.members), len(usual.earlier), usual.rises) == (list(range(10)), 120, False)


def test_a_chain_of_neighbours_is_not_one_group():
    angles = np.deg2rad([0, 40, 80, 120, 160])  # each within cosine 0.7 of the next, of no other
    chain = np.zeros((5, 384), dtype=np.float32)
    chain[:, 0], chain[:, 1] = np.cos(angles), np.sin(angles)

    (group,) = groups(chain, np.empty((0, 384)), SHARE, near=0.7)

    assert len(group.members) == 3


def test_members_are_nearest_to_the_centre_first():
    recent = cluster(0, 12)

    (group,) = groups(recent, recent[:0], SHARE)

    near = recent[group.members] @ recent[group.members[0]]
    assert near.tolist() == sorted(near.tolist(), reverse=True)


@given(st.integers(0, 25), st.integers(0, 25), st.integers(2, 5), st.floats(0.3, 0.95))
def test_every_member_is_near_its_centre_and_in_one_group_alone(count, other, least, near):
    rows = (
        unit(np.random.default_rng(count * 26 + other).standard_normal((count + other, 8))) if count + other else None
    )
    recent = np.empty((0, 8), dtype=np.float32) if rows is None else rows
    found = groups(recent, recent[:0], SHARE, near=near, least=least)

    members = [number for group in found for number in group.members]
    assert len(members) == len(set(members))
    for group in found:
        assert len(group.members) >= least
        assert (recent[group.members] @ recent[group.members[0]] >= near - 1e-6).all()
    left = [number for number in range(len(recent)) if number not in members]
    if left:
        assert ((recent[left] @ recent[left].T >= near).sum(axis=1) < least).all()


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_few_are_no_group(count):
    assert groups(cluster(0, count), cluster(0, 5), SHARE) == []


def test_thousands_are_grouped():
    recent = np.vstack([cluster(axis, 150, seed=axis) for axis in range(20)])
    found = groups(recent, np.vstack([cluster(axis, 300, seed=99) for axis in range(10)]), SHARE)

    assert sorted(len(group.members) for group in found) == [150] * 20
    assert sum(group.rises for group in found) == 20


def test_of_each_group_the_earlier_tickets_near_its_centre_are_counted_in_whatever_part_they_are():
    recent = np.vstack([cluster(axis, 4, seed=axis) for axis in range(3)])
    earlier = np.vstack([cluster(axis, 1_500, seed=99) for axis in (2, 5, 0)])  # more rows than a part has

    found = groups(recent, earlier, SHARE)

    assert {min(group.members): (min(group.earlier, default=0), len(group.earlier)) for group in found} == {
        0: (3_000, 1_500),
        4: (0, 0),
        8: (0, 1_500),
    }
