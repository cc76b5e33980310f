"""How fast each way runs the models: one ticket at a time by Hugging Face's libraries, or a batch by either engine.

In turns in one process, on one core and then on two; same weights, same decoding, summaries of equal length; distinct
tickets, none skipped. The bars are on medians.
"""

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.common import console, save
from bench.inference_agreement import agreement
from bench.inference_report import BARS, LEAST_COSINE, print_rest, print_times, ratios
from bench.inference_setup import NEW_TOKENS, on_cores, settings, ticket_texts
from bench.inference_ways import Way, engine, one_at_a_time
from bench.roofline import int8_operations_per_second, operations
from ticket_assets.definitions import build_models

TICKETS, ROUNDS, CORES = 64, 3, (1, 2)
PROFILES = ("distilled", "embedded")
# Texts that the stages of a way get at once: to encode, and to summarize. The reference is slow.
SIZES = {"ctranslate2": (32, 32), "torch": (8, 2)}
LIMITS = {"embedder": 256, "sentiment": 512, "summarizer": 1024}
Times = dict[str, dict[str, list[float]]]


def main() -> None:
    os.environ.pop("OMP_NUM_THREADS", None)
    texts = ticket_texts(TICKETS, seed=7)
    with tempfile.TemporaryDirectory(prefix="bench-models-") as directory:
        place = Path(directory)
        times = {f"on {cores}": _on(cores, place, texts) for cores in CORES if cores <= len(os.sched_getaffinity(0))}
        memory = {f"{name}, {profile}": _memory(place, name, profile) for name in SIZES for profile in PROFILES}
        ours, reference = (build_models(settings(place, "distilled", name)) for name in SIZES)
        agreed = agreement(ours, reference, texts[::2], texts[::16])
    print_rest(memory, agreed)
    bars = {**BARS, "mean cosine": LEAST_COSINE}
    save("inference", {**times, "peak MB": memory, "agreement": agreed, "bars": bars})


def _on(cores: int, place: Path, texts: list[str]) -> dict[str, Any]:
    """Every way's stages in turns; ms a ticket."""
    with on_cores(cores):
        ways = [one_at_a_time(settings(place, "distilled", "torch"))]
        ways += [engine(settings(place, profile, name), *SIZES[name]) for name in SIZES for profile in PROFILES]
        times: Times = {way.name: {stage: [] for stage in way.stages} for way in ways}
        for turn in range(ROUNDS):
            for way in ways:
                _measure(way, texts, turn, times)
        speed = int8_operations_per_second()
    least = {stage: 1000 * needed / speed for stage, needed in _operations(place, texts).items()}
    medians = {way: {stage: statistics.median(runs) for stage, runs in found.items()} for way, found in times.items()}
    print_times(cores, medians, least)
    gemm = {"int8 operations a second": speed, "least ms": least}
    return {"ms a ticket": times, "medians": medians, "times faster": ratios(medians), **gemm}


def _measure(way: Way, texts: list[str], turn: int, times: Times) -> None:
    for stage, run in way.stages.items():
        some = _spread(texts, way.at_once[stage], turn)
        start = time.perf_counter()
        run(some)
        times[way.name][stage].append(1000 * (time.perf_counter() - start) / len(some))


def _spread(texts: list[str], number: int, turn: int) -> list[str]:
    """`number` texts whose mean length is that of all, others each turn: `texts` come shortest first."""
    step = len(texts) / number
    low = [int(step * (index + (turn + 0.5) / ROUNDS)) for index in range(number // 2)]
    return [texts[index] for place in low for index in (place, len(texts) - 1 - place)]


def _operations(place: Path, texts: list[str]) -> dict[str, float]:
    roles = build_models(settings(place, "distilled", "ctranslate2")).roles
    loaded = {name: roles[name].loaded() for name in LIMITS}  # pyright: ignore[reportAttributeAccessIssue]
    tokens = {n: [len(e.ids) for e in loaded[n].encoded(texts, limit)] for n, limit in LIMITS.items()}
    return operations(tokens, NEW_TOKENS)


def _memory(place: Path, name: str, profile: str) -> float:
    """Peak resident MB of a process of its own that answers some tickets, its interpreter and Dagster included."""
    command = [sys.executable, "-m", "bench.inference", str(place), name, profile]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - this very program
    return float(done.stdout.split()[-1])


def answer(place: str, name: str, profile: str) -> None:
    """What that process does."""
    texts = ticket_texts(SIZES[name][1], seed=3)
    for run in engine(settings(Path(place), profile, name), *SIZES[name]).stages.values():
        run(texts)
    # Not getrusage's peak, which a process inherits from the one that started it.
    (peak,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    console.print(int(peak) / 1024)


if __name__ == "__main__":
    answer(*sys.argv[1:]) if sys.argv[1:] else main()
