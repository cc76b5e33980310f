"""What bench/inference.py found, as tables."""

from collections.abc import Mapping

from rich.table import Table

from bench.common import console

BARS = {"ctranslate2, distilled": 10.0, "ctranslate2, embedded": 100.0}
LEAST_COSINE, MOST_DIFFERENCE, LEAST_CORRELATION = 0.995, 0.02, 0.99
STAGES = ("embedder", "heads", "sentiment", "summarizer")
BASELINE = "one at a time"


def ratios(medians: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """How many times as many tickets a second as one at a time."""
    slow = sum(medians[BASELINE].values())
    return {way: slow / sum(stages.values()) for way, stages in medians.items()}


def print_times(cores: int, medians: Mapping[str, Mapping[str, float]], least: Mapping[str, float]) -> None:
    """Medians by way and stage, and the least time that the stage's int8 matrices need."""
    title = f"ms a ticket on {cores} core{'s' * (cores > 1)}"
    table = Table("", *STAGES, "sum", "faster", "bar", title=title, box=None, padding=(0, 1, 0, 0))
    for (way, stages), ratio in zip(medians.items(), ratios(medians).values(), strict=True):
        bar = f"{BARS[way]:.0f} {_verdict(ratio >= BARS[way])}" if way in BARS else ""
        table.add_row(way, *_cells(stages), _milliseconds(sum(stages.values())), f"{ratio:.1f}x", bar)
    table.add_row("int8 GEMM alone", *_cells(least))
    console.print(table)


def print_rest(memory: Mapping[str, float], agreed: Mapping[str, Mapping[str, float]]) -> None:
    """Memory by process, and agreement by stage."""
    table = Table("process that answers", "peak MB")
    for name, megabytes in memory.items():
        table.add_row(name, f"{megabytes:,.0f}")
    console.print(table)
    table = Table("ctranslate2 int8 against torch float32", "", "value")
    for stage, figures in agreed.items():
        for name, value in figures.items():
            table.add_row(stage, name, f"{value:.4f}")
    console.print(table)
    cosine = agreed["embedding cosine"]["mean"]
    console.print(f"mean embedding cosine, at least {LEAST_COSINE}: {_verdict(cosine >= LEAST_COSINE)}")
    heads = {name: figures for name, figures in agreed.items() if name.endswith(" head")}
    for name, figures in heads.items():
        near = figures["probability difference, most"] <= MOST_DIFFERENCE
        console.print(f"{name}: probability within {MOST_DIFFERENCE}: {_verdict(near)}; ", end="")
        alike = figures["logit correlation"] >= LEAST_CORRELATION
        console.print(f"logit correlation at least {LEAST_CORRELATION}: {_verdict(alike)}")


def _cells(stages: Mapping[str, float]) -> list[str]:
    return [_milliseconds(stages[name]) if name in stages else "-" for name in STAGES]


def _milliseconds(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def _verdict(met: bool) -> str:
    return "(met)" if met else "(missed)"
