"""Multinomial logistic regression in numpy: features in, class probabilities out.

It knows nothing of texts, files or caches. numpy is loaded by every worker anyway; scikit-learn would add a second
of cold start for a fit of a few hundred rows.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

MAX_STEPS = 500
TOLERANCE = 1e-5


class SoftmaxHead(NamedTuple):
    """A fitted head: `weights` is float64 of shape (dimension + 1, classes), its last row the intercepts."""

    classes: tuple[str, ...]
    weights: np.ndarray

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """Return float64 probabilities of shape (n, classes) for `features` of shape (n, dimension)."""
        return softmax(_with_intercept(features) @ self.weights)


def fit(features: np.ndarray, labels_index: np.ndarray, classes: Sequence[str], ridge: float) -> SoftmaxHead:
    """Fit a class-balanced head that minimizes mean cross-entropy + ridge / 2 * |weights|^2 (intercepts excepted).

    `features` is (n, dimension); `labels_index` holds n integers below len(classes); every class needs a row, and all
    classes weigh the same however many rows they have.

    Each step uses Böhning's fixed bound on the Hessian, 1/2 (I - 11'/k) (x) X'WX (D. Böhning, "Multinomial logistic
    regression algorithm", Ann. Inst. Statist. Math. 44, 1992). The factor (I - 11'/k) acts as the identity on
    gradients, whose rows sum to 0 over the classes: one (dimension + 1)^2 inverse serves all steps. They gather
    momentum, dropped where it leads uphill (B. O'Donoghue, E. Candès, "Adaptive Restart for Accelerated Gradient
    Schemes", Found. Comput. Math. 15, 2015).

    Raises ValueError where shapes disagree, a class has no row, or the ridge is not positive.
    """
    rows, k = _with_intercept(features), len(classes)
    index = np.asarray(labels_index, dtype=np.intp)
    if index.shape != (rows.shape[0],) or k < 2 or ridge <= 0:  # noqa: PLR2004
        raise ValueError(f"need one label a row, two classes and a ridge over 0; got {index.shape}, {k}, {ridge}")
    if index.min() < 0 or index.max() >= k:
        raise ValueError(f"labels must lie in 0..{k - 1}")
    counts = np.bincount(index, minlength=k)
    if not counts.all():
        raise ValueError(f"no example for {[c for c, n in zip(classes, counts, strict=True) if not n]}")
    truth = np.eye(k)[index]
    weight = (1.0 / (k * counts))[index][:, None]
    penalty = np.full((rows.shape[1], 1), ridge)
    penalty[-1] = 0.0
    bound = 0.5 * (rows * weight).T @ rows + np.diag(penalty[:, 0])
    # The intercept has no penalty, yet its column of the bound holds the weights' sum, 1/2: the inverse exists.
    inverse = np.linalg.inv(bound)
    weights = ahead = np.zeros((rows.shape[1], k))
    since = 0
    for _ in range(MAX_STEPS):
        gradient = rows.T @ (weight * (softmax(rows @ ahead) - truth)) + penalty * ahead
        if np.abs(gradient).max() < TOLERANCE:
            return SoftmaxHead(tuple(classes), ahead)
        step = ahead - inverse @ gradient
        since = 0 if (gradient * (step - weights)).sum() > 0 else since + 1
        weights, ahead = step, step + since / (since + 3) * (step - weights)
    return SoftmaxHead(tuple(classes), weights)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Row-wise softmax of (n, k) logits, without overflow."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _with_intercept(features: np.ndarray) -> np.ndarray:
    """Append a column of ones and compute in float64, so that results do not hang on the BLAS's float32 order."""
    return np.hstack([np.asarray(features, dtype=np.float64), np.ones((len(features), 1))])
