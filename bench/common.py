"""What every benchmark shares: a console, a stopwatch, and a result as JSON."""

import json
import os
import platform
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

RESULTS = Path(__file__).parent / "results"
console = Console()


def seconds_of(work: Callable[[], object]) -> float:
    """How long it takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


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
