"""A calibrated head: logistic regression blended with the nearest example of each label, plus keyword evidence.

Vectors in, probabilities out; numpy alone. It knows nothing of texts, files or caches.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from resources.models.softmax_head import SoftmaxHead, fit, softmax

FOLDS = 5
# Examples are easier than tickets: left free, the fit on them chose .54 and doubled the calibration error on CLINC's
# (.06 to .18). So held-out examples may make answers less sure, never surer.
TEMPERATURES = np.geomspace(1.0, 3.0, 25)
# Of the examples, so many are farther from all others than what is called far from every example.
FAR_QUANTILE = 0.05
# A label's threshold: the least confidence from which held-out answers are right so often. Examples are easier than
# tickets, hence the floor; the ceiling keeps a hard label from being doubted always, and may be less sure than that.
PRECISION, STEPS = 0.9, 11


class Blend(NamedTuple):
    """How evidence is weighed: `share` of the nearest examples (their cosine times `pull`), the rest of the regression.

    `sharpness` multiplies the regression's log-probabilities, which a ridge that generalizes leaves flat; `bonus` is
    what a keyword adds to a logit. Thresholds of doubt lie from `floor` to `ceiling`.
    """

    ridge: float
    sharpness: float
    bonus: float
    share: float = 0.0
    pull: float = 12.0
    floor: float = 0.4
    ceiling: float = 0.6


class BlendedHead(NamedTuple):
    """A fitted head: `examples` is float32 (n, dimension), `owners` their label positions in ascending order.

    `far` is a cosine, `temperature` over 0; `thresholds` are confidences, one a label, under which it is in doubt, and
    `precisions` how often held-out answers over them are right (0 for a label that none got).
    """

    regression: SoftmaxHead
    examples: np.ndarray
    owners: np.ndarray
    blend: Blend
    temperature: float
    far: float
    thresholds: np.ndarray
    precisions: np.ndarray

    def probabilities(self, vectors: np.ndarray, keywords: np.ndarray) -> np.ndarray:
        """Return probabilities (n, classes) of unit vectors (n, dimension) and keyword counts (n, classes)."""
        return softmax(self.logits(vectors, keywords) / self.temperature)

    def logits(self, vectors: np.ndarray, keywords: np.ndarray) -> np.ndarray:
        """Return what the temperature divides, (n, classes)."""
        blend = self.blend
        evidence = blend.sharpness * np.log(self.regression.probabilities(vectors)) * (1 - blend.share)
        evidence += blend.bonus * keywords
        if blend.share:
            starts = np.searchsorted(self.owners, np.arange(keywords.shape[1]))
            nearest = np.maximum.reduceat(self._cosines(vectors), starts, axis=1)
            evidence += blend.share * np.log(softmax(blend.pull * nearest.astype(np.float64)))
        return evidence

    def is_far(self, vectors: np.ndarray) -> np.ndarray:
        """Return for each vector whether no example is near: such a text is likely about none of the labels."""
        return self._cosines(vectors).max(axis=1) < self.far

    def _cosines(self, vectors: np.ndarray) -> np.ndarray:
        return np.asarray(vectors, np.float32) @ self.examples.T


def fit_blended(
    vectors: np.ndarray, owners: np.ndarray, keywords: np.ndarray, classes: Sequence[str], blend: Blend
) -> BlendedHead:
    """Fit on unit vectors (n, dimension), n label positions in ascending order and keyword counts (n, classes).

    The temperature minimizes the log-loss of held-out examples (C. Guo et al., "On Calibration of Modern Neural
    Networks", ICML 2017); folds go by position within a label, so equal input gives equal bits.

    Raises ValueError as `fit` does.
    """
    examples, owners = np.asarray(vectors, np.float32), np.asarray(owners, np.intp)
    regression, unset = fit(examples, owners, classes, blend.ridge), np.zeros(len(classes))
    whole = BlendedHead(regression, examples, owners, blend, 1.0, 0.0, unset, unset)
    cosines = examples @ examples.T
    np.fill_diagonal(cosines, -1.0)
    far = float(np.quantile(cosines.max(axis=1), FAR_QUANTILE))
    logits = _held_out(whole, keywords, classes)
    temperature = _temperature(logits, owners)
    found, precisions = thresholds(softmax(logits / temperature), owners, blend)
    return whole._replace(temperature=temperature, far=far, thresholds=found, precisions=precisions)


def thresholds(probabilities: np.ndarray, truth: np.ndarray, blend: Blend) -> tuple[np.ndarray, np.ndarray]:
    """Each label's threshold and the precision of the answers over it, both (classes,).

    `probabilities` of held-out rows are (n, classes), `truth` their n label positions. The threshold is the least from
    floor to ceiling with a precision of PRECISION; where none has it, the ceiling, and the precision tells so.
    """
    said, sure = probabilities.argmax(axis=1), probabilities.max(axis=1)
    found = np.full(probabilities.shape[1], blend.ceiling)
    reached = np.zeros(len(found))
    for label in range(len(found)):
        for threshold in np.linspace(blend.ceiling, blend.floor, STEPS):
            own = (said == label) & (sure >= threshold)
            precision = float((truth[own] == label).mean()) if own.any() else 0.0
            if threshold == blend.ceiling or precision >= PRECISION:
                found[label], reached[label] = threshold, precision
    return found, reached


def _held_out(whole: BlendedHead, keywords: np.ndarray, classes: Sequence[str]) -> np.ndarray:
    """The logits that each example gets of a head fitted without its fold."""
    logits, truth = np.zeros(keywords.shape), whole.owners
    for held in _folds(truth):
        rest = ~held
        regression = fit(whole.examples[rest], truth[rest], classes, whole.blend.ridge)
        part = whole._replace(regression=regression, examples=whole.examples[rest], owners=truth[rest])
        logits[held] = part.logits(whole.examples[held], keywords[held])
    return logits


def _temperature(logits: np.ndarray, truth: np.ndarray) -> float:
    rows = np.arange(len(truth))
    losses = [-np.log(softmax(logits / t)[rows, truth] + 1e-12).mean() for t in TEMPERATURES]
    return float(TEMPERATURES[int(np.argmin(losses))])


def _folds(owners: np.ndarray) -> Iterator[np.ndarray]:
    """Masks of held-out rows; each label keeps a row in every fold. A label with one row has nothing to hold out."""
    count = min(FOLDS, int(np.bincount(owners).min()))
    if count < 2:  # noqa: PLR2004 - a fold and the rest
        return
    places = np.zeros(len(owners), np.intp)
    for label in np.unique(owners):
        own = owners == label
        places[own] = np.arange(own.sum()) % count
    for fold in range(count):
        yield places == fold
