"""What every benchmark shares: a stack of its own, and a report as a table and as JSON."""

import json
import os
import platform
import statistics
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tickets_cli.stack import Ports, Stack, running_stack

RESULTS = Path(__file__).parent / "results"
console = Console()


@contextmanager
def fresh_stack(window_seconds: float) -> Iterator[Stack]:
    """A stack on free ports over an empty state, with this batch window."""
    with tempfile.TemporaryDirectory(prefix="bench-") as state:
        os.environ.update(TICKETS_STATE_DIR=state, TICKETS_BATCH_WINDOW_SECONDS=str(window_seconds))
        os.environ.pop("DAGSTER_HOME", None)
        with running_stack(Path(state), Ports.free(), lambda line: console.print(f"[dim]{line}")) as stack:
            yield stack


def report(name: str, question: str, bar: float, seconds: Sequence[float], **details: object) -> None:
    """Print minimum, median and maximum beside the bar, and write all of it to bench/results."""
    median = statistics.median(seconds)
    console.print(f"[bold]{question}")
    table = Table("measured", "seconds")
    table.add_row("minimum", f"{min(seconds):.1f}")
    table.add_row("median", f"{median:.1f}")
    table.add_row("maximum", f"{max(seconds):.1f}")
    table.add_row("bar", f"{bar:.0f} ({'met' if median <= bar else 'missed'})")
    console.print(table)
    save(name, {"question": question, "bar": bar, "median": median, "seconds": list(seconds), **details})


def save(name: str, result: Mapping[str, object]) -> None:
    """Write a result to bench/results, with the time and the machine."""
    machine = {
        "cpus": os.cpu_count(),
        "machine": platform.machine(),
        "load": os.getloadavg(),
        "python": platform.python_version(),
    }
    RESULTS.mkdir(exist_ok=True)
    at = datetime.now(UTC).isoformat(timespec="seconds")
    (RESULTS / f"{name}.json").write_text(json.dumps({**result, "at": at, "machine": machine}, indent=2) + "\n")
