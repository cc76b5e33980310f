"""How many tickets there are of what, over time, and what has changed. Pure."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

HOUR, DAY = 3_600, 86_400
STEPS = (HOUR, 3 * HOUR, 6 * HOUR, DAY, 7 * DAY)
MOST_STEPS = 60
RARE = 0.01  # a count as high comes about by chance in one of a hundred cases, or more rarely
TERMS = 100_000


class Change(NamedTuple):
    """A label's count in the last hours, in the hours before, and what would be expected if nothing had changed.

    `chance` is the probability of a difference as large in this direction by chance alone.
    """

    label: str
    recent: int
    earlier: int
    expected: float
    chance: float

    @property
    def rises(self) -> bool:
        """Whether chance alone hardly explains so many."""
        return self.recent > self.expected and self.chance < RARE

    @property
    def falls(self) -> bool:
        """Whether chance alone hardly explains so few."""
        return self.recent < self.expected and self.chance < RARE


def step(seconds: int) -> int:
    """How long, in seconds, each of at most 60 equal parts of a time should be."""
    return next((size for size in STEPS if seconds <= MOST_STEPS * size), -(-seconds // MOST_STEPS))


def counted(times: np.ndarray, labels: np.ndarray, start: int, size: int, parts: int) -> dict[str, list[int]]:
    """How often each label occurs in each part of `size` seconds, from the second `start` on.

    `times` (n,) are Unix seconds, `labels` (n,) texts; what lies outside is left out.
    """
    part = (times - start) // size
    inside = (part >= 0) & (part < parts)
    part, names = part[inside], labels[inside]
    return {
        str(name): np.bincount(part[names == name].astype(np.int64), minlength=parts).tolist()
        for name in np.unique(names)
    }


def changes(times: np.ndarray, labels: np.ndarray, now: int, recent: int, earlier: int) -> list[Change]:
    """Each label's count in the last `recent` seconds against the `earlier` seconds before; the least likely first."""
    late = times > now - recent
    early = ~late & (times > now - recent - earlier)
    share = recent / (recent + earlier)
    found = []
    for name in np.unique(labels[late | early]):
        of_it = labels == name
        found.append(change(str(name), int((late & of_it).sum()), int((early & of_it).sum()), share))
    return sorted(found, key=lambda each: (each.chance, -each.recent, each.label))


def change(label: str, recent: int, earlier: int, share: float) -> Change:
    """A count against the one before it, where `share` of the whole time is the recent part.

    If tickets came at one rate all the time, `recent` of the sum would be binomial: the conditional test of two
    Poisson counts (Przyborowski & Wilenski 1940). It takes tickets to come one by one: many by one person are not.
    """
    total = recent + earlier
    expected = earlier * share / (1 - share)
    tail = at_least(recent, total, share) if recent >= expected else at_least(earlier, total, 1 - share)
    return Change(label, recent, earlier, expected, tail)


def at_least(count: int, total: int, share: float) -> float:
    """The probability that a binomial count of `total` trials is `count` or more."""
    if count <= 0:
        return 1.0
    if count <= total * share:  # near the middle: what is below is fewer terms
        return 1 - at_least(total - count + 1, total, 1 - share)
    log_first = (
        math.lgamma(total + 1) - math.lgamma(count + 1) - math.lgamma(total - count + 1)
        + count * math.log(share) + (total - count) * math.log1p(-share)
    )  # fmt: skip
    term = summed = 1.0
    for k in range(count, min(total, count + TERMS)):  # each term is smaller than the one before
        term *= (total - k) / (k + 1) * share / (1 - share)
        summed += term
        if term < summed * 1e-12:
            break
    return min(1.0, math.exp(log_first) * summed)


def most_common(labels: Sequence[str]) -> str:
    """The label that occurs most often, of several the first by the alphabet; empty where there is none."""
    return min(set(labels), key=lambda label: (-labels.count(label), label), default="")
