"""What is weak in a valid label file: thin labels, contradictions, near-duplicates, and the examples near a text.

Works on a file and vectors of its examples; embeds nothing itself, and knows nothing of tickets.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from resources.models.label_file import LabelFile

ENOUGH = 30
# Cosines of MiniLM: rewordings of one sentence lie over .9; two labels share a topic, and .85 is more than a topic.
SAME, CONTRADICTS = 0.93, 0.85


class Finding(NamedTuple):
    """A weakness, the labels it is in, the example texts it is about, and what to do."""

    kind: str
    labels: tuple[str, ...]
    texts: tuple[str, ...]
    remedy: str


class Near(NamedTuple):
    """An example, its label, and its cosine to a text."""

    similarity: float
    label: str
    text: str


def findings(file: LabelFile, vectors: np.ndarray) -> list[Finding]:
    """Weaknesses, thin labels first; `vectors` are unit vectors of `file.examples()`, (n, dimension).

    Raises ValueError where there are more or fewer vectors than examples.
    """
    texts, owners = file.examples()
    if len(texts) != len(vectors):
        raise ValueError(f"{len(texts)} examples but {len(vectors)} vectors")
    return [*_thin(file), *_pairs(list(file.labels), texts, owners, vectors)]


def nearest(file: LabelFile, vectors: np.ndarray, vector: np.ndarray, count: int) -> list[Near]:
    """The `count` examples nearest to the unit vector of a text, nearest first."""
    texts, owners = file.examples()
    labels, cosines = list(file.labels), vectors @ vector
    best = np.argsort(-cosines, kind="stable")[:count]
    return [Near(float(cosines[i]), labels[owners[i]], texts[i]) for i in best]


def _thin(file: LabelFile) -> Iterator[Finding]:
    for name, label in file.labels.items():
        if len(label.examples) < ENOUGH:
            remedy = f"{len(label.examples)} examples: add {ENOUGH - len(label.examples)} of other kinds of customers"
            yield Finding("thin", (name,), (), remedy)


def _pairs(labels: list[str], texts: list[str], owners: list[int], vectors: np.ndarray) -> Iterator[Finding]:
    cosines = np.triu(vectors @ vectors.T, k=1)
    for i, j in np.argwhere(cosines >= min(SAME, CONTRADICTS)):
        one, other = labels[owners[i]], labels[owners[j]]
        pair = (texts[i], texts[j])
        if one != other:
            yield Finding("contradictory", (one, other), pair, "decide for one label, or say in both what differs")
        elif cosines[i, j] >= SAME:
            yield Finding("near-duplicate", (one,), pair, "drop one: the second teaches nothing")
