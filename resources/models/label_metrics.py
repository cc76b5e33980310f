"""How good labels are, against the truth: accuracy, F1, calibration, coverage, confusion. Pure.

Truth and answers are lists of labels; confidences an array in [0, 1]; ValueError where one is not
finite. Rows of one confidence count alike, in whatever order they come. No number here is a mean over sets.
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

BINS = 10


class LabelScore(NamedTuple):
    """One label's precision, recall and F1, and how many rows truly have it."""

    label: str
    precision: float
    recall: float
    f1: float
    rows: int


class Bin(NamedTuple):
    """The answers of one range of confidence: their mean confidence, how many are right, how many there are."""

    confidence: float
    accuracy: float
    rows: int


def scores(truth: Sequence[str], said: Sequence[str]) -> list[LabelScore]:
    """One score for each label that the truth has, sorted; a label that is never said has precision 0."""
    right = Counter(a for a, b in zip(truth, said, strict=True) if a == b)
    true, told = Counter(truth), Counter(said)
    return [_score(label, right[label], told[label], true[label]) for label in sorted(true)]


def macro_f1(truth: Sequence[str], said: Sequence[str]) -> float:
    """The mean F1 of the labels that the truth has; other answers count as misses. ValueError without rows."""
    if not truth:
        raise ValueError("no rows to measure with")
    return float(np.mean([score.f1 for score in scores(truth, said)]))


def reliability(confidences: np.ndarray, right: np.ndarray) -> list[Bin]:
    """The bins of equal width that hold an answer, from low to high."""
    _refuse_infinite(confidences)
    places = np.clip(np.ceil(confidences * BINS).astype(int) - 1, 0, BINS - 1)
    inside = [places == place for place in range(BINS)]
    return [Bin(float(confidences[i].mean()), float(right[i].mean()), int(i.sum())) for i in inside if i.any()]


def calibration_error(confidences: np.ndarray, right: np.ndarray) -> float:
    """ECE: how far confidence is from accuracy, weighed by the bins' rows (M. Naeini et al., AAAI 2015)."""
    return sum(b.rows * abs(b.confidence - b.accuracy) for b in reliability(confidences, right)) / len(right)


def coverage(confidences: np.ndarray, right: np.ndarray, precision: float) -> float:
    """The largest share of rows over one bar of confidence of which at least `precision` are right.

    A bar takes all rows of one confidence or none.
    """
    sure, ranked = _ranked(confidences, right)
    shares = np.cumsum(ranked) / np.arange(1, len(ranked) + 1)
    group_ends = np.append(sure[1:] != sure[:-1], True)
    enough = np.flatnonzero(group_ends & (shares >= precision))
    return float(enough[-1] + 1) / len(ranked) if len(enough) else 0.0


def confident_half(confidences: np.ndarray, right: np.ndarray) -> float:
    """The accuracy of the more confident half of the rows; of those as sure as its last, the mean fills it up."""
    sure, ranked = _ranked(confidences, right)
    half = max(1, len(sure) // 2)
    above, equal = sure > sure[half - 1], sure == sure[half - 1]
    return float(ranked[above].sum() + (half - above.sum()) * ranked[equal].mean()) / half


def _ranked(confidences: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both, most confident first."""
    _refuse_infinite(confidences)
    order = np.argsort(-confidences, kind="stable")
    return confidences[order], right[order]


def _refuse_infinite(confidences: np.ndarray) -> None:
    """NaN would take any place among the others."""
    if not np.isfinite(confidences).all():
        raise ValueError("a confidence is not finite")


def _score(label: str, right: int, told: int, true: int) -> LabelScore:
    precision, recall = right / told if told else 0.0, right / true
    return LabelScore(label, precision, recall, 2 * right / (told + true), true)
