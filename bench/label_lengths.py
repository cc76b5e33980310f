"""What of a long ticket the heads should read: the whole, its subject and body apart, its beginning, or each sentence.

Generated tickets have the intent and urgency that the generator meant; a priority is not looked at. They are written by
the hands that wrote the label files: this compares ways to read a ticket, and proves nothing of real ones.
"""

import sys
from collections.abc import Callable, Sequence

import numpy as np
from rich.table import Table

from bench.common import console, save
from resources.models.example_classifier import ExampleClassifier
from resources.models.label_metrics import calibration_error, macro_f1
from resources.models.roles import Embedder, Prediction
from resources.models.sentences import content_sentences
from ticket_assets.definitions import build_models
from ticket_assets.domain.comparison import share
from ticket_assets.settings import load_settings
from ticket_generator.generator import Ticket, TicketGenerator

SEED, NOW = 7, 1_790_000_000
FIRST_WORDS = 40
ROLES = ("intent", "urgency")
THIRDS = ("short", "middle", "long")
Way = Callable[[ExampleClassifier], list[Prediction]]


def main(count: int) -> None:
    """Measure, print, and save to bench/results."""
    models = build_models(load_settings())
    generator = TicketGenerator(seed=SEED)
    made = [generator.generate_labelled(NOW) for _ in range(count)]
    tickets = [ticket for ticket, _ in made]
    texts = [_text(ticket) for ticket in tickets]
    lengths = np.array([len(text.split()) for text in texts])
    thirds = np.searchsorted(np.quantile(lengths, [1 / 3, 2 / 3]), lengths)
    ways = _ways(tickets, texts, models.embedder)
    found: dict[str, dict[str, dict[str, float]]] = {}
    for role in ROLES:
        truth = [getattr(label, role) for _, label in made]
        found[role] = {name: _measured(way(getattr(models, role)), truth, thirds) for name, way in ways.items()}
        console.print(_table(role, found[role]))
    shown = {"words": float(lengths.mean()), "thirds": np.quantile(lengths, [1 / 3, 2 / 3]).tolist()}
    save("label_lengths", {"tickets": count, **shown, "found": found})


def _ways(tickets: Sequence[Ticket], texts: list[str], embedder: Embedder) -> dict[str, Way]:
    """Each way's answers, by name. Keywords and rules read the whole text in each but the sentences'."""
    whole = embedder.embed(texts)
    subjects = embedder.embed([ticket["subject"] or ticket["body"] for ticket in tickets])
    bodies = embedder.embed([ticket["body"] or ticket["subject"] for ticket in tickets])
    starts = embedder.embed([" ".join(text.split()[:FIRST_WORDS]) for text in texts])
    split = [content_sentences(text) for text in texts]
    owners = np.repeat(np.arange(len(texts)), [len(own) for own in split])
    sentences = [sentence for own in split for sentence in own]
    parts = embedder.embed(sentences)

    def surest(role: ExampleClassifier) -> list[Prediction]:
        said = role.classify(sentences, parts)
        return [
            max((said[i] for i in np.flatnonzero(owners == n)), key=lambda p: p.confidence) for n in range(len(texts))
        ]

    def of(vectors: np.ndarray) -> Way:
        return lambda role: role.classify(texts, vectors)

    means = np.stack([parts[owners == n].mean(axis=0) for n in range(len(texts))])
    return {
        "whole": of(whole),
        "subject and body, mean": of(_unit(subjects + bodies)),
        "subject": of(subjects),
        "body": of(bodies),
        f"first {FIRST_WORDS} words": of(starts),
        "sentences, mean": of(_unit(means)),
        "sentences, surest": surest,
    }


def _measured(said: list[Prediction], truth: list[str], thirds: np.ndarray) -> dict[str, float]:
    labels, sure = [p.label for p in said], np.array([p.confidence for p in said])
    right = np.array([a == b for a, b in zip(labels, truth, strict=True)])
    held = share(int(right.sum()), len(right))
    by_third = {name: float(right[thirds == i].mean()) for i, name in enumerate(THIRDS)}
    error = calibration_error(sure, right)
    return {
        "F1": macro_f1(truth, labels),
        "accuracy": right.mean(),
        "low": held.low,
        "high": held.high,
        "ECE": error,
        **by_third,
    }


def _table(role: str, found: dict[str, dict[str, float]]) -> Table:
    table = Table("way", *next(iter(found.values())), title=role)
    for name, figures in found.items():
        table.add_row(name, *(f"{figure:.3f}" for figure in figures.values()))
    return table


def _text(ticket: Ticket) -> str:
    return f"{ticket['subject']}\n{ticket['body']}".strip()


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 400)
