"""Volume and mood over time, intents, and what has changed in the last 24 hours."""

from typing import Any, NamedTuple

import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from ticket_assets.domain.search import LABELS
from ticket_assets.domain.times import moment
from ticket_assets.domain.trends import DAY, HOUR, Change, changes, counted, step
from ticket_assets.stores.index_lists import Times
from tickets_board.asked import CHOICES, Asked
from tickets_board.rendering import page
from tickets_board.sources import Sources

DAYS = {"1": "24 hours", "7": "7 days", "30": "30 days"}
COMPARED = 7 * DAY
MOODS = ("NEGATIVE", "NEUTRAL", "POSITIVE")
NOTHING = Change("all tickets", 0, 0, 0.0, 1.0)  # since the first of all, with which the time begins


class Chart(NamedTuple):
    """Counts by series, one number a bar; when each bar begins; how long a bar is, in seconds."""

    counts: dict[str, list[int]]
    titles: list[str]
    size: int

    @property
    def rows(self) -> list[tuple[str, list[int]]]:
        """When each bar begins, and its numbers."""
        return list(zip(self.titles, map(list, zip(*self.counts.values(), strict=True)), strict=True))

    @property
    def span(self) -> str:
        """How long a bar is."""
        return f"{self.size // DAY} d" if self.size >= DAY else f"{self.size // HOUR} h"

    @property
    def highest(self) -> int:
        """The highest bar."""
        return max((sum(numbers) for numbers in zip(*self.counts.values(), strict=True)), default=0)


def overview(request: Request, asked: Asked, sources: Sources) -> Response:
    """The last 1, 7 or 30 days."""
    days = int(asked.choice("days", list(DAYS), "7") or "7")
    now = asked.now
    found = sources.index_lists.times(now - max(days * DAY, DAY + COMPARED), now)
    inside = found.at > now - days * DAY
    labels = {name: values[inside] for name, values in found.labels.items()}
    total = int(inside.sum())
    return page(
        "overview.html",
        days=days,
        choices=DAYS,
        left_out=sources.index_lists.left_out(),
        total=total,
        chart=_chart(found.at[inside], labels["sentiment"], now, days * DAY),
        tops={name: _ranked(labels[name], CHOICES.get(name, ())) for name in ("intent", "urgency", "sentiment")},
        **_changed(found, now),
        **request.state.common,
    )


def _chart(at: np.ndarray, moods: np.ndarray, now: int, seconds: int) -> Chart:
    size = step(seconds)
    start = (now - seconds) // size * size  # bars begin at whole hours or days; the first and the last are cut
    parts = (now - start) // size + 1
    found = counted(at, moods, start, size, parts)
    form = "%Y-%m-%d %H:%M" if size < DAY else "%Y-%m-%d"
    counts = {mood: found.get(mood, [0] * parts) for mood in MOODS}
    return Chart(counts, [moment(start + n * size, form) for n in range(parts)], size)


def _ranked(values: np.ndarray, order: tuple[str, ...]) -> list[tuple[str, int]]:
    """Labels with their counts: in the order given, else the most frequent first."""
    names, counts = np.unique(values, return_counts=True)
    pairs = [(str(name), int(count)) for name, count in zip(names, counts, strict=True)]
    return sorted(pairs, key=lambda pair: order.index(pair[0]) if pair[0] in order else -pair[1])


def _changed(found: Times, now: int) -> dict[str, Any]:
    """The labels whose count of the last 24 hours differs from the days before by more than chance; see `change`."""
    before = found.at[found.at <= now - DAY]
    known = min(COMPARED, now - DAY - int(before.min())) if len(before) else 0
    if known < HOUR:
        return {"changed": None, "today": int((found.at > now - DAY).sum()), "compared": 0, "usual": 0.0}
    everything = np.full(len(found.at), "all tickets")
    series: dict[str, np.ndarray] = {"volume": everything, **{name: found.labels[name] for name in LABELS}}
    told: list[tuple[str, Change]] = [
        (name, change) for name, labels in series.items() for change in changes(found.at, labels, now, DAY, known)
    ]
    volume = next((change for name, change in told if name == "volume"), NOTHING)
    striking = [(name, change) for name, change in told if change.rises or change.falls]
    return {
        "changed": sorted(striking, key=lambda pair: pair[1].chance),
        "today": volume.recent,
        "usual": volume.expected,
        "compared": known,
    }
