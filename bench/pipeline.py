"""How quickly a backlog becomes records, where that time goes, and how long a ticket waits at idle and at half load.

PIPELINE_TICKETS (5,000), PIPELINE_ROUNDS (10 puts a stack at idle) and PIPELINE_LOAD_SECONDS (180) make it smaller.
"""

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.table import Table

from bench import latency
from bench.common import console, save
from bench.parts import Parts, parts
from bench.spent import BESIDE_BAR, FULL, Spent, spent
from tickets_cli.seeding import put_tickets

SEED = 4
MOST_SECONDS_A_TICKET = 2
LOAD = """
import time; from ticket_assets.definitions import build_models, load_settings
models = build_models(load_settings()); begun = time.perf_counter(); text = "My invoice is wrong. I paid twice. " * 9
vectors = models.embedder.embed([text]); models.summarizer.summarize([text])
for role in (models.intent, models.urgency, models.sentiment): role.classify([text], vectors)
print(time.perf_counter() - begun)
"""


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # stacks are stopped
    tickets = int(os.environ.get("PIPELINE_TICKETS") or 5_000)
    speed, found = throughput(tickets)
    rounds = int(os.environ.get("PIPELINE_ROUNDS") or 10)
    load_seconds = float(os.environ.get("PIPELINE_LOAD_SECONDS") or 180)
    waits = {**latency.at_idle(rounds), f"half load, {speed / 2:.1f}/s": latency.at_rate(speed / 2, load_seconds)}
    save("pipeline", {**found, **latency.show(waits)})


def throughput(tickets: int) -> tuple[float, dict[str, object]]:
    """Tickets a second from the daemon's start to the last item, the stock configuration, and what it is made of."""
    with tempfile.TemporaryDirectory(prefix="bench-") as place, parts(Path(place)) as stack:
        loading = float(subprocess.check_output([sys.executable, "-c", LOAD]))  # noqa: S603 - our own
        last = put_tickets(stack.settings.raw_bucket, tickets, SEED, console)[-1]
        stack.start()
        begun = time.time()
        stack.wait_for_items(tickets, last.removesuffix(".json"), 60 + tickets * MOST_SECONDS_A_TICKET)
        seconds = time.time() - begun
        runs: list[Spent] = []
        while sum(run.tickets for run in runs) < tickets:  # a run ends a moment after its last item
            runs = [spent(stack.instance, run) for run in stack.succeeded()]
        return tickets / seconds, show(stack, seconds, runs, loading)


def show(stack: Parts, seconds: float, runs: list[Spent], loading: float) -> dict[str, object]:
    """Print the split of the slots' time (so many runs at a time, for so many seconds) and a full run's overhead."""
    slots = int(getattr(stack.instance.run_coordinator, "_max_concurrent_runs", 0)) or (os.cpu_count() or 1)
    tickets = sum(run.tickets for run in runs)
    within = {name: sum(getattr(run, name) for run in runs) for name in ("models", "start", "others")}
    split = {**within, "no run in a slot": seconds * slots - sum(within.values())}
    table = Table(
        f"{tickets} tickets, {len(runs)} runs, {slots} at a time: slot time", "ms a ticket", "s a run", "share"
    )
    for name, total in split.items():
        share = f"{total / seconds / slots:.0%}"
        table.add_row(name, f"{1000 * total / tickets:.1f}", f"{total / len(runs):.1f}", share)
    table.add_row("tickets a second", f"{tickets / seconds:.1f}", "", f"in {seconds:.0f} s")
    full = [run for run in runs if run.tickets == FULL] or runs
    beside = statistics.median(run.start + run.others for run in full)
    word = "met" if beside + loading <= BESIDE_BAR else "missed"
    table.add_row(f"beside the models, {full[0].tickets} tickets, median", "", f"{beside:.1f}", f"at most 8: {word}")
    for name in full[0].steps:
        taken = statistics.median(run.steps[name] for run in full)
        table.add_row(f"step {name}, median", "", f"{taken:.1f}", "")
    table.add_row("loading the models, alone (part of models)", "", f"{loading:.1f}", "counted to the bar")
    console.print(table)
    return {
        "tickets": tickets,
        "seconds": seconds,
        "tickets_a_second": tickets / seconds,
        "slots": slots,
        "slot_seconds": split,
        "beside_the_models_seconds_a_run": beside,
        "loading_seconds": loading,
        "bar": BESIDE_BAR,
        "runs": [run._asdict() for run in runs],
    }


if __name__ == "__main__":
    main()
