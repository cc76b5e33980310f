"""What the label heads take of a ticket, its label and its doubt, when its vector is there: milliseconds.

Of generated tickets of 30 to 250 words and of texts of ten words, in batches of a hundred, on one core; beside them
what the library's own way to VADER's score takes. The ways go in turns; best and median of the rounds are shown.
"""

import os
from collections.abc import Callable, Sequence
from statistics import median

import numpy as np
from rich.table import Table

from bench.common import console, save, seconds_of
from bench.inference_setup import ticket_texts
from resources.models.head_sentiment import compound_scores
from resources.models.roles import Classifier, SentimentModel
from ticket_assets.definitions import build_models
from ticket_assets.settings import load_settings

TICKETS, WORDS, SEED, ROUNDS, BAR = 100, 10, 7, 15, 0.2
Way = Callable[[], object]


def main() -> None:
    """Measure, print, and save to bench/results."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    models, library = build_models(load_settings()), SentimentIntensityAnalyzer()
    tickets = ticket_texts(TICKETS, SEED)
    kinds = {"tickets": tickets, f"{WORDS} words": [" ".join(text.split()[:WORDS]) for text in tickets]}
    ways: dict[tuple[str, str], Way] = {}
    for kind, texts in kinds.items():
        vectors = models.embedder.embed(texts)
        for name in ("intent", "urgency", "sentiment"):
            ways[name, kind] = labelling(getattr(models, name), texts, vectors)
        ways["VADER, the library's way", kind] = lambda texts=texts: [library.polarity_scores(text) for text in texts]
        ways["VADER, as the head reads it", kind] = lambda texts=texts: compound_scores(texts)
    found: dict[tuple[str, str], list[float]] = {key: [] for key in ways}
    for key, way in [*ways.items()] * (ROUNDS + 1):
        found[key].append(1000 * seconds_of(way) / TICKETS)
    table = Table("head", *(f"{kind}: {figure}" for kind in kinds for figure in ("best", "median")))
    for name in dict.fromkeys(name for name, _ in ways):
        rounds = [found[name, kind][1:] for kind in kinds]  # the first loads and caches
        table.add_row(name, *(f"{figure(each):.3f}" for each in rounds for figure in (min, median)))
    console.print(f"[bold]ms a ticket, embedding excluded; bar {BAR}", table)
    save("heads", {"bar_ms": BAR, "rounds": {f"{name}, {kind}": v[1:] for (name, kind), v in found.items()}})


def labelling(head: Classifier | SentimentModel, texts: Sequence[str], vectors: np.ndarray) -> Way:
    """Label and doubt, as a run asks for them."""
    return lambda: head.doubts(texts, vectors, head.classify(texts, vectors))


if __name__ == "__main__":
    main()
