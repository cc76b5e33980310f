"""Seconds from a put to its item: at idle, beside trivial assets and a warm worker, in turns; and under load.

Its figures are part of `bench.pipeline`.
"""

import statistics
import time
from collections.abc import Mapping, Sequence

from rich.table import Table

from bench.common import console
from bench.sides import How, Side, in_turns, side

STOCK, TRIVIAL, WARM = "stock", "trivial assets", "warm worker"
SIDES = {STOCK: How(), TRIVIAL: How(module="bench.trivial"), WARM: How(workers=1)}
BARS = {(STOCK, TRIVIAL): 1.5, (WARM, STOCK): 0.5}
IDLE_SECONDS = 3  # beyond which a tick waits for its first message again
WAIT_SECONDS = 900
LOOK_SECONDS = 0.2
WINDOW = "1"


def at_idle(rounds: int) -> dict[str, list[float]]:
    """Each stack's latencies, measured in turns on running stacks."""
    return in_turns(rounds, put_to_item, SIDES, TICKETS_BATCH_WINDOW_SECONDS=WINDOW)


def put_to_item(stack: Side) -> float:
    time.sleep(IDLE_SECONDS)
    begun = time.monotonic()
    stack.wait_for(stack.put(1), WAIT_SECONDS)
    return time.monotonic() - begun


def at_rate(rate: float, seconds: float) -> list[float]:
    """The latencies of tickets put evenly at `rate` a second, with the stock window.

    Each is true to within a look and what a look takes.
    """
    latencies: list[float] = []
    with side(How()) as stack:
        put_to_item(stack)
        under_way: dict[str, float] = {}
        put, begun = 0, time.monotonic()
        end = begun + seconds
        while time.monotonic() < end or under_way:
            now = time.monotonic()
            due = int((min(now, end) - begun) * rate) - put
            for _ in range(due):
                under_way[stack.put(1)[0]] = time.monotonic()
            put += due
            seen = stack.enriched(list(under_way))
            latencies += [round(time.monotonic() - under_way.pop(one), 2) for one in seen]
            if now > end + WAIT_SECONDS:
                raise TimeoutError(f"{len(under_way)} of {put} tickets are not enriched: see {stack.state}")
            stack.process.check()
            time.sleep(LOOK_SECONDS)
    return latencies


def show(waits: Mapping[str, Sequence[float]]) -> dict[str, object]:
    """Print percentiles, and the ratios of medians beside their bars; returns all of it."""
    table = Table("seconds from put to item (window: 1 s at idle, stock under load)", "puts", "p50", "p95", "p99")
    for name, values in waits.items():
        table.add_row(name, str(len(values)), *(f"{percentile(values, share):.1f}" for share in (50, 95, 99)))
    ratios = {}
    for (one, other), bar in BARS.items():
        ratio = ratios[f"{one} / {other}"] = statistics.median(waits[one]) / statistics.median(waits[other])
        table.add_row(f"p50 of {one} / {other}, at most {bar}", "", f"{ratio:.2f}", "met" if ratio <= bar else "missed")
    console.print(table)
    return {"latency_seconds": dict(waits), "latency_ratios": ratios, "latency_bars": list(BARS.values())}


def percentile(values: Sequence[float], share: int) -> float:
    """The least value that so many per cent of the values do not exceed."""
    return sorted(values)[max(0, -(-len(values) * share // 100) - 1)]
