"""The soak: tickets at half of the pipeline's capacity while random processes are killed, then the books.

SOAK_MINUTES (default 15) bounds all of it: two thirds are load and kills. SOAK_SEED repeats what was put and the
choice of victims. Exit code 1 where a bar is missed; the state is then kept, and its place printed.
"""

import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
from rich.table import Table

from bench.common import console, save
from bench.parts import parts
from bench.soak_books import BARS, Books
from bench.soak_faults import Supervised
from bench.soak_traffic import Traffic
from tests.pipeline.programs import kill_all
from tests.support import eventually
from ticket_assets.settings import Settings
from tickets_cli.processes import ProcessFailed, free_port, undisturbed

LOAD_SHARE = 2 / 3
BACKLOG_SHARE = 4 / 15  # full batches a minute, to measure the capacity
BACKLOG_SECONDS = 600
KILL_EVERY = 20
SETTLE_SECONDS = 600
BOOKS_EVERY = 10
RECONCILED = ("received", "enriched", "quarantined", "in_flight", "failed", "missing", "stale", "orphaned")


def main() -> None:
    minutes = float(os.environ.get("SOAK_MINUTES") or 15)
    seed = int(os.environ.get("SOAK_SEED") or random.randrange(10**6))
    console.print(f"[bold]Soak of {minutes:g} minutes, seed {seed}[/] (SOAK_MINUTES and SOAK_SEED choose others)")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    state = Path(tempfile.mkdtemp(prefix="soak-"))
    figures: dict[str, float | None] = {"minutes": minutes, "seed": seed}
    missed = True
    try:
        with started(state, seed) as (supervised, settings, instance):
            traffic = Traffic(settings.raw_bucket, seed)
            soak = Soak(supervised, traffic, Books(settings, traffic, instance), instance)
            figures["capacity_per_second"] = capacity = soak.capacity(
                max(1, round(minutes * BACKLOG_SHARE)) * settings.batch_size
            )
            soak.load(capacity / 2, 60 * minutes * LOAD_SHARE)
            figures["settled_after_seconds"] = soak.settle()
            counts, wrong = soak.books.balance()
            own = soak.books.reconciled()
        unsettled = figures["settled_after_seconds"] is None or own.in_flight or own.failed
        missed = bool(unsettled or not own.balanced or any(counts[bar] for bar in BARS))
        figures |= {f"reconcile: {name}": getattr(own, name) for name in RECONCILED}
        figures["puts"] = traffic.puts
        figures |= {f"killed: {name}": count for name, count in supervised.kills.items()}
        figures |= {f"ended by itself: {name}": count for name, count in supervised.died.items()}
        show(figures, counts, wrong)
        save("soak", {**figures, "books": counts, "wrong": wrong})
    finally:
        if missed:
            console.print(f"the state and its logs are kept in {state}", highlight=False)
        else:
            shutil.rmtree(state, ignore_errors=True)
    sys.exit(missed)


class Soak:
    """The phases."""

    def __init__(self, supervised: Supervised, traffic: Traffic, books: Books, instance: dg.DagsterInstance) -> None:
        self._supervised, self._traffic, self._instance = supervised, traffic, instance
        self._begun = time.monotonic()
        self.books = books

    def capacity(self, tickets: int) -> float:
        """Tickets a second of a backlog of full batches, from the first run's start to the last run's end."""
        self._traffic.put_good(tickets)
        self._supervised.watch()
        self._say(f"measuring the capacity: {tickets} tickets wait")
        if not self._until(lambda: self._succeeded() and not any(self.books.in_flight().values()), BACKLOG_SECONDS):
            raise ProcessFailed(f"{tickets} tickets were not enriched within {BACKLOG_SECONDS} s: {self._standing()}")
        runs = self._succeeded()
        seconds = max(run.end_time or 0 for run in runs) - min(run.start_time or 0 for run in runs)
        self._say(f"{tickets} tickets in {seconds:.0f} s, {tickets / seconds:.1f} a second")
        return round(tickets / seconds, 2)

    def load(self, rate: float, seconds: float) -> None:
        """Traffic at this rate, and a kill every so many seconds."""
        self._traffic.start(rate)
        self._say(f"{rate:.1f} objects a second for {seconds:.0f} s, a kill every {KILL_EVERY} s")
        end = time.monotonic() + seconds
        next_kill = time.monotonic() + KILL_EVERY
        while time.monotonic() < end:
            if time.monotonic() >= next_kill:
                next_kill += KILL_EVERY
                self._say(f"killed {self._supervised.kill_one(self._instance)}; {self._standing()}")
            self._look()
            time.sleep(0.5)
        self._traffic.stop()
        self._say(f"{self._traffic.puts} objects were put; {self._standing()}")

    def settle(self) -> float | None:
        """Wait until nothing is in flight or failed and the books balance; returns the seconds, None if they never do.

        The books are asked only where nothing is in flight: they cost a look at every ticket.
        """
        begun = time.monotonic()

        def settled() -> bool:
            if any(self.books.in_flight().values()):
                return False
            counts, _ = self.books.balance()
            return not any(counts[bar] for bar in BARS)

        done = self._until(settled, SETTLE_SECONDS, BOOKS_EVERY)
        self._say(f"settled; {self._standing()}" if done else f"NOT settled; {self._standing()}")
        return round(time.monotonic() - begun, 1) if done else None

    def _until(self, done: Callable[[], object], seconds: float, every: float = 2) -> bool:
        end = time.monotonic() + seconds
        while not done():
            if time.monotonic() >= end:
                return False
            self._look()
            time.sleep(every)
        return True

    def _look(self) -> None:
        for name in self._supervised.watch():
            self._say(f"{name} had ended by itself and was started again")
        self._traffic.check()

    def _succeeded(self) -> list[dg.RunRecord]:
        return list(self._instance.get_run_records(dg.RunsFilter(statuses=[dg.DagsterRunStatus.SUCCESS])))

    def _standing(self) -> str:
        return ", ".join(f"{count} {what}" for what, count in self.books.in_flight().items())

    def _say(self, line: str) -> None:
        minutes, seconds = divmod(int(time.monotonic() - self._begun), 60)
        console.print(f"[dim]{minutes:02d}:{seconds:02d}[/] {line}", highlight=False)


@contextmanager
def started(state: Path, seed: int) -> Iterator[tuple[Supervised, Settings, dg.DagsterInstance]]:
    """A stack's parts over an empty state, the AWS server running; all are stopped in the end."""
    try:
        with parts(state) as stack:
            yield Supervised(stack.services, free_port(), seed), stack.settings, stack.instance
    finally:
        with undisturbed():
            # Run workers that outlived their killed code server.
            eventually(lambda: kill_all(state))


def show(figures: Mapping[str, object], counts: Mapping[str, int], wrong: Mapping[str, Sequence[str]]) -> None:
    """All figures as a table, and which keys are wrong."""
    table = Table("figure", "value", "bar")
    for name, value in figures.items():
        table.add_row(name, f"{value}", str(SETTLE_SECONDS) if name == "settled_after_seconds" else "")
    for name, count in sorted(counts.items(), key=lambda item: item[0] in BARS):
        table.add_row(name, f"{count:,}", ("0" if count == 0 else "0 (missed)") if name in BARS else "")
    console.print(table)
    for bar, keys in wrong.items():
        console.print(f"{bar}: {', '.join(keys)}", highlight=False)


if __name__ == "__main__":
    main()
