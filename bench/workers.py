"""What warm workers save and how they scale: put to item on an idle system, stock and warm; tickets/s of one and two.

The stacks that are compared run side by side and are measured in turns, so that what else the machine does meets both.
"""

import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from rich.table import Table

from bench.common import console, save
from bench.sides import Side, side

PUTS, ROUNDS = 10, 3
BATCH, BATCHES = 64, 8
IDLE_SECONDS = 3  # beyond which a tick waits for its first message again
WAIT_SECONDS = 900
LATENCY_BAR, SCALE_BAR = 0.5, 1.8


def main() -> None:
    latency = in_turns(PUTS, put_to_item, {"stock": 0, "one warm worker": 1}, TICKETS_BATCH_WINDOW_SECONDS="1")
    # A window in which all of a round is put: batches are full, and none is waited for.
    batching = {"TICKETS_BATCH_WINDOW_SECONDS": "15", "TICKETS_BATCH_SIZE": str(BATCH)}
    works: dict[int, list[float]] = {}
    speed = in_turns(
        ROUNDS, lambda each: tickets_a_second(each, works), {"one worker": 1, "two workers": 2}, **batching
    )
    costs = {f"{number} workers": figures[1:] for number, figures in works.items()}
    show("seconds from put to item, idle, window 1 s", latency, LATENCY_BAR, "at most")
    show(f"tickets a second, batches of {BATCH}, a core a worker", speed, SCALE_BAR, "at least")
    show("milliseconds of a worker's core a ticket", costs)
    bars = {"latency": LATENCY_BAR, "tickets_a_second": SCALE_BAR}
    save("workers", {"latency": latency, "tickets_a_second": speed, "core_milliseconds_a_ticket": costs, "bars": bars})


def in_turns(
    rounds: int, measure: Callable[[Side], float], sides: Mapping[str, int], **settings: str
) -> dict[str, list[float]]:
    """`measure` each stack, by name and number of workers, `rounds` times in turns; a first time does not count."""
    found: dict[str, list[float]] = {name: [] for name in sides}
    with ExitStack() as stacks:
        running = {name: stacks.enter_context(side(workers, **settings)) for name, workers in sides.items()}
        for each in running.values():
            pin(each)
            measure(each)
        for number in range(rounds):
            for name, each in running.items():
                found[name].append(round(measure(each), 2))
                console.print(f"[dim]{number + 1}/{rounds} {name}: {found[name][-1]}")
    return found


def pin(stack: Side) -> None:
    """Each worker to a core of its own, with all its threads."""
    cores = sorted(os.sched_getaffinity(0))
    for pid, core in zip(stack.worker_pids() if stack.workers else [], cores, strict=False):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), {core})


def put_to_item(stack: Side) -> float:
    time.sleep(IDLE_SECONDS)
    begun = time.monotonic()
    stack.wait_for(stack.put(1), WAIT_SECONDS)
    return time.monotonic() - begun


def tickets_a_second(stack: Side, works: dict[int, list[float]]) -> float:
    """From the first run's start to the last one's end; `works` gets what a ticket cost the workers' cores.

    Where others use the cores too, the cost tells whether workers are in each other's way, and the speed does not.
    """
    known = {record.dagster_run.run_id for record in stack.runs()}
    before = core_seconds(stack)
    stack.wait_for(stack.put(BATCH * BATCHES), WAIT_SECONDS)
    while len(runs := [r for r in stack.runs() if r.dagster_run.run_id not in known]) < BATCHES:
        time.sleep(0.2)
    cost = 1000 * (core_seconds(stack) - before) / (BATCH * BATCHES)
    works.setdefault(stack.workers, []).append(round(cost, 1))
    seconds = max(run.end_time or 0 for run in runs) - min(run.start_time or 0 for run in runs)
    return BATCH * BATCHES / seconds


def core_seconds(stack: Side) -> float:
    """What the workers have used of their cores so far."""
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in stack.worker_pids()]
    return sum(int(user) + int(system) for user, system in (field[11:13] for field in fields)) / os.sysconf(
        "SC_CLK_TCK"
    )


def show(question: str, found: Mapping[str, Sequence[float]], bar: float | None = None, word: str = "") -> None:
    """Each side's median and range, and the second's ratio to the first, beside its bar where there is one."""
    table = Table(question, "median", "minimum", "maximum")
    medians = [statistics.median(values) for values in found.values()]
    for (name, values), median in zip(found.items(), medians, strict=True):
        table.add_row(name, f"{median:.1f}", f"{min(values):.1f}", f"{max(values):.1f}")
    ratio = medians[1] / medians[0]
    if bar is None:
        table.add_row("ratio", f"{ratio:.2f}", "", "")
    else:
        met = ratio <= bar if word == "at most" else ratio >= bar
        table.add_row(f"ratio, {word} {bar}", f"{ratio:.2f} ({'met' if met else 'missed'})", "", "")
    console.print(table)


if __name__ == "__main__":
    main()
