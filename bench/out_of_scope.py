"""Whether the distance to the nearest example tells texts that are about no intent from those that are.

The arguments are files of JSON lines with `text`; they are no part of this project. Who calls says which sets are
mostly within the taxonomy and which outside: no set is wholly either.
"""

import argparse
import json
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rich.table import Table

from bench.common import console, save
from resources.models.example_classifier import ExampleClassifier
from resources.models.roles import Embedder
from ticket_assets.definitions import build_models
from ticket_assets.settings import load_settings

MOST = 1_000  # texts of a set


class Answered(NamedTuple):
    """A set's texts, each with its cosine to the nearest example, its label's confidence, and what is said of it."""

    cosines: np.ndarray
    confidences: np.ndarray
    far: np.ndarray
    doubted: np.ndarray


def main(within: list[Path], outside: list[Path]) -> None:
    """Measure, print, and save to bench/results."""
    models = build_models(load_settings())
    intent = models.intent
    if not isinstance(intent, ExampleClassifier):
        raise SystemExit("the intents of this profile have no examples")
    sets = {path.stem: answered(models.embedder, intent, texts_of(path)) for path in [*within, *outside]}
    shares = Table("set", "rows", "far", "in doubt", "median cosine")
    found = {name: figures(each) for name, each in sets.items()}
    for name, each in found.items():
        shares.add_row(name, str(len(sets[name].far)), *(f"{figure:.3f}" for figure in each.values()))
    areas = Table("AUC", *(path.stem for path in outside))
    by_pair = {}
    for measure, inner in product(("cosines", "confidences"), within):
        row = {p.stem: auc(getattr(sets[inner.stem], measure), getattr(sets[p.stem], measure)) for p in outside}
        areas.add_row(f"{measure}, {inner.stem}", *(f"{area:.3f}" for area in row.values()))
        by_pair[f"{measure}, {inner.stem}"] = row
    console.print(f"far is a cosine under {intent.head().far:.3f}", shares, areas)
    save("out_of_scope", {"far": intent.head().far, "sets": found, "auc": by_pair})


def texts_of(path: Path) -> list[str]:
    """The texts of the first rows."""
    return [json.loads(line)["text"] for line in path.read_text(encoding="utf-8").splitlines()[:MOST]]


def answered(embedder: Embedder, intent: ExampleClassifier, texts: list[str]) -> Answered:
    """What a run would say of the texts' intents."""
    vectors, head = embedder.embed(texts), intent.head()
    said = intent.classify(texts, vectors)
    return Answered(
        (vectors @ head.examples.T).max(axis=1),
        np.array([p.confidence for p in said]),
        head.is_far(vectors),
        np.array(intent.doubts(texts, vectors, said)),
    )


def figures(found: Answered) -> dict[str, float]:
    """The shares that are far and in doubt, and the cosine that half of the texts are under."""
    return {
        "far": float(found.far.mean()),
        "in doubt": float(found.doubted.mean()),
        "median cosine": float(np.median(found.cosines)),
    }


def auc(within: np.ndarray, outside: np.ndarray) -> float:
    """How often a text from within has the higher value of the two, equal ones counted half; .5 tells nothing."""
    higher, equal = within[:, None] > outside, within[:, None] == outside
    return float((higher + equal / 2).mean())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.out_of_scope", description=__doc__)
    parser.add_argument("--within", type=Path, nargs="+", required=True, metavar="FILE")
    parser.add_argument("--outside", type=Path, nargs="+", required=True, metavar="FILE")
    main(**vars(parser.parse_args()))
