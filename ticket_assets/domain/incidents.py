"""Is this an incident? Groups of tickets near in meaning in the last hours, counted against the hours before. Pure."""

from typing import NamedTuple

import numpy as np

from ticket_assets.domain.trends import Change, change

# Many groups are looked at, so each must be rarer than one of a hundred; a thousand looked at give one false alarm.
ALARM = 0.001
NEAR, LEAST = 0.6, 3  # chosen on public bug reports: docs/board.md
AT_ONCE = 2_048  # rows of a matrix of similarities that are in memory


class Group(NamedTuple):
    """Tickets near one of them, the first in `members`; nearest first. Numbers are those of the rows given."""

    members: list[int]
    earlier: list[int]
    change: Change

    @property
    def rises(self) -> bool:
        """Whether there are more of them now than chance alone explains."""
        return self.change.recent > self.change.expected and self.change.chance < ALARM


def groups(
    recent: np.ndarray, earlier: np.ndarray, share: float, near: float = NEAR, least: int = LEAST
) -> list[Group]:
    """Groups of `least` or more of the `recent` unit vectors (n, 384); the most surprising rise first.

    The vector with the most neighbours within cosine `near` and they are a group; they are taken out, and so on (Daura
    et al. 1999). So every member is near the group's centre: chains of neighbours, as of single linkage, join nothing.
    Of the `earlier` vectors (m, 384) those near the centre are counted; `share` of the whole time is recent.
    """
    if not len(recent):
        return []
    close = np.vstack([rows @ recent.T >= near for rows in _parts(recent)])
    np.fill_diagonal(close, val=True)  # an int8 vector is a thousandth shorter than 1
    left, counts = np.ones(len(recent), dtype=bool), close.sum(axis=1)
    found: list[np.ndarray] = []
    while counts.max() >= least:
        centre = int(counts.argmax())
        members = np.flatnonzero(close[centre] & left)
        members = members[np.argsort(-(recent[members] @ recent[centre]), kind="stable")]
        members = np.concatenate([[centre], members[members != centre]])
        found.append(members)
        left[members] = False
        counts -= close[:, members].sum(axis=1)
        counts[members] = 0
    before = _near(earlier, recent[[int(members[0]) for members in found]], near)
    made = [
        Group(members.tolist(), past.tolist(), change("", len(members), len(past), share))
        for members, past in zip(found, before, strict=True)
    ]
    return sorted(made, key=lambda group: (not group.rises, group.change.chance, -len(group.members)))


def _near(rows: np.ndarray, centres: np.ndarray, near: float) -> list[np.ndarray]:
    """The numbers of the rows (m, 384) near each of the centres (k, 384); by few large products, not one a centre."""
    if not len(rows):
        return [np.array([], dtype=int)] * len(centres)
    return [np.flatnonzero(close) for close in np.hstack([centres @ part.T >= near for part in _parts(rows)])]


def _parts(rows: np.ndarray) -> list[np.ndarray]:
    return [rows[first : first + AT_ONCE] for first in range(0, len(rows), AT_ONCE)]
