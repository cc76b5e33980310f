"""How costs grow: with the batch, with the batches that there are, with the messages and the tickets that wait.

`python -m bench.scale` answers all, or those that are named: batches, partitions, messages, tickets. SCALE_BATCHES,
SCALE_PARTITIONS (sizes with commas), SCALE_MESSAGES and SCALE_TICKETS change the sizes. Workers: see `bench.workers`.
"""

import logging
import os
import signal
import sys
from collections.abc import Callable, Mapping

from rich.table import Table

from bench.common import console, save
from bench.scale_partitions import partitions
from bench.scale_queue import messages
from bench.scale_runs import batches, tickets

Found = Mapping[str, Mapping[str, float]]
QUESTIONS: dict[str, tuple[str, Callable[[list[int]], Found]]] = {
    "batches": ("1,16,64,256", batches),
    "partitions": ("1000,10000,50000", partitions),
    "messages": ("100000", messages),
    "tickets": ("20000", tickets),
}


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # stacks are stopped
    logging.disable(logging.INFO)  # a sensor that is evaluated here tells what it asks for
    for name in sys.argv[1:] or QUESTIONS:
        sizes, measure = QUESTIONS[name]
        found = measure([int(size) for size in (os.environ.get(f"SCALE_{name.upper()}") or sizes).split(",")])
        show(name, found)
        save(f"scale-{name}", found)


def show(name: str, found: Found) -> None:
    """A column a size, a row a figure."""
    table = Table(name, *found)
    for figure in next(iter(found.values())):
        table.add_row(figure, *(f"{figures[figure]:,.2f}".removesuffix(".00") for figures in found.values()))
    console.print(table)


if __name__ == "__main__":
    main()
