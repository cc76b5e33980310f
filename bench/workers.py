"""How warm workers scale: tickets a second of one and of two. What one saves an idle system, `bench.pipeline` tells.

The stacks that are compared run side by side and are measured in turns, so that what else the machine does meets both.
"""

import os
import signal
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

from rich.table import Table

from bench.common import console, save
from bench.sides import How, Side, in_turns

ROUNDS = 3
BATCH, BATCHES = 64, 8
WAIT_SECONDS = 900
SCALE_BAR = 1.8
BEAT = 0.01  # seconds that a process of half speed goes on, and then stands still


def main() -> None:
    # A window in which all of a round is put: batches are full, and none is waited for.
    batching = {"TICKETS_BATCH_WINDOW_SECONDS": "15", "TICKETS_BATCH_SIZE": str(BATCH)}
    sides = {"one worker": How(1), "two workers": How(2)}
    works: dict[str, list[float]] = {name: [] for name in sides}
    halves: dict[str, list[float]] = {name: [] for name in sides}
    names = list(sides)

    def measure(stack: Side) -> float:
        name = names[stack.workers - 1]
        with at_half_speed(stack.worker_pids()):
            halves[name].append(tickets_a_second(stack)[0])
        speed, cost = tickets_a_second(stack)
        works[name].append(cost)
        return speed

    speeds = in_turns(ROUNDS, measure, sides, **batching)
    halves, works = ({name: figures[1:] for name, figures in each.items()} for each in (halves, works))
    show(
        f"tickets a second, batches of {BATCH}: workers of half speed, which leave a core to all else",
        halves,
        SCALE_BAR,
    )
    show("tickets a second, a core a worker, which all else shares", speeds, SCALE_BAR)
    show("milliseconds of a worker's core a ticket", works)
    found = {"half_speed": halves, "tickets_a_second": speeds, "core_milliseconds_a_ticket": works}
    save("workers", {**found, "bar": SCALE_BAR})


@contextmanager
def at_half_speed(pids: Sequence[int]) -> Iterator[None]:
    """Each process stands still for half of the time, two of them in turns: together they use one core.

    On a machine of two cores two workers at full speed would leave none to the AWS server, Dagster and the databases,
    which one worker leaves them.
    """
    ended = Event()

    def beat() -> None:
        turn = 0
        while not ended.wait(BEAT):
            turn ^= 1
            for number, pid in enumerate(pids):
                os.kill(pid, signal.SIGSTOP if number % 2 == turn else signal.SIGCONT)
        for pid in pids:
            os.kill(pid, signal.SIGCONT)

    beats = Thread(target=beat)
    beats.start()
    try:
        yield
    finally:
        ended.set()
        beats.join()


def tickets_a_second(stack: Side) -> tuple[float, float]:
    """From the first run's start to the last one's end, and the milliseconds that a ticket cost the workers' cores.

    Where others use the cores too, the cost tells whether workers are in each other's way, and the speed does not.
    """
    known = {record.dagster_run.run_id for record in stack.runs()}
    before = core_seconds(stack)
    stack.wait_for(stack.put(BATCH * BATCHES), WAIT_SECONDS)
    while len(runs := [r for r in stack.runs() if r.dagster_run.run_id not in known]) < BATCHES:
        time.sleep(0.2)
    cost = 1000 * (core_seconds(stack) - before) / (BATCH * BATCHES)
    seconds = max(run.end_time or 0 for run in runs) - min(run.start_time or 0 for run in runs)
    return BATCH * BATCHES / seconds, cost


def core_seconds(stack: Side) -> float:
    """What the workers have used of their cores so far."""
    fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in stack.worker_pids()]
    return sum(int(user) + int(system) for user, system in (field[11:13] for field in fields)) / os.sysconf(
        "SC_CLK_TCK"
    )


def show(question: str, found: Mapping[str, Sequence[float]], bar: float | None = None) -> None:
    """Each side's median and range, and the second's ratio to the first, beside its bar where there is one."""
    table = Table(question, "median", "minimum", "maximum")
    medians = [statistics.median(values) for values in found.values()]
    for (name, values), median in zip(found.items(), medians, strict=True):
        table.add_row(name, f"{median:.1f}", f"{min(values):.1f}", f"{max(values):.1f}")
    ratio = medians[1] / medians[0]
    if bar is None:
        table.add_row("ratio", f"{ratio:.2f}", "", "")
    else:
        table.add_row(f"ratio, at least {bar}", f"{ratio:.2f} ({'met' if ratio >= bar else 'missed'})", "", "")
    console.print(table)


if __name__ == "__main__":
    main()
