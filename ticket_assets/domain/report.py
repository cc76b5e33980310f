"""A day of the pipeline, summed up from what its batches told. Pure: it is given each asset's metadata."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple

HOUR = 3600
LABELS = ("intent", "urgency", "sentiment")
TENTHS = 10
VERSION = "model_version"


class Told(NamedTuple):
    """What one materialization told, and when, in Unix seconds."""

    at: float
    values: Mapping[str, Any]


class Day(NamedTuple):
    """The sums. Hours are counted from the first to the last, the newest at the end."""

    batches: int
    read: int
    enriched: int
    by_hour: dict[str, list[float]]
    labels: dict[str, Counter[str]]
    confidences: dict[str, list[int]]
    latency: dict[str, list[float]]
    reasons: Counter[str]
    versions: Counter[str]

    @property
    def quarantined(self) -> int:
        """Tickets that were put in quarantine."""
        return self.reasons.total()


def day(told: Mapping[str, Sequence[Told]], now: float, hours: int = 24) -> Day:
    """The last `hours` before `now`, from each asset's materializations; what older code did not tell is missing."""
    raw, classified = told.get("raw_tickets", ()), told.get("classified_tickets", ())
    joined, stored = told.get("enriched_tickets", ()), told.get("ticket_metadata", ())
    reasons = _summed(event.values.get("quarantine_reasons", {}) for event in raw)
    if broken := sum(event.values.get("quarantined", 0) for event in joined):
        reasons["model_failure"] += broken
    quarantined = [*raw, *joined]
    return Day(
        batches=len(stored),
        read=sum(event.values.get("tickets", 0) + event.values.get("quarantined", 0) for event in raw),
        enriched=sum(event.values.get("tickets", 0) for event in stored),
        by_hour={
            "enriched": [sum(hour) for hour in _hours(stored, "tickets", now, hours)],
            "quarantined": [sum(hour) for hour in _hours(quarantined, "quarantined", now, hours)],
        },
        labels={name: _summed(e.values.get("label_counts", {}).get(name, {}) for e in classified) for name in LABELS},
        confidences={
            name: _added([e.values.get("confidence_counts", {}).get(name, []) for e in classified]) for name in LABELS
        },
        latency={
            "slowest": [max(h, default=0.0) for h in _hours(stored, "put_to_item_seconds_slowest", now, hours)],
            "median": [median(h) if h else 0.0 for h in _hours(stored, "put_to_item_seconds", now, hours)],
        },
        reasons=reasons,
        versions=_summed({e.values[VERSION]: e.values.get("tickets", 0)} for e in raw if VERSION in e.values),
    )


def short_version(version: str) -> str:
    """A name for a version that a picture has room for: its profile, and what tells it from others."""
    return f"{version.partition('/')[0]} {hashlib.sha256(version.encode()).hexdigest()[:6]}"


def unsure(confidences: Sequence[int]) -> float:
    """The share of labels of which the models were less sure than one half."""
    total = sum(confidences)
    return round(sum(confidences[: TENTHS // 2]) / total, 4) if total else 0.0


def _hours(told: Iterable[Told], name: str, now: float, hours: int) -> list[list[float]]:
    """The values of this name by hour."""
    found: list[list[float]] = [[] for _ in range(hours)]
    for event in told:
        hour = hours - 1 - int((now - event.at) // HOUR)
        if name in event.values and 0 <= hour < hours:
            found[hour].append(event.values[name])
    return found


def _summed(counts: Iterable[Mapping[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for some in counts:
        total.update(some)
    return total


def _added(rows: Iterable[Sequence[int]]) -> list[int]:
    return [sum(row[tenth] for row in rows if row) for tenth in range(TENTHS)]
