"""What a head has to beat: counting keywords, VADER's own thresholds, the mean vector of each label's examples."""

from collections.abc import Sequence

import numpy as np

from resources.models.head_sentiment import compound_scores
from resources.models.label_file import LabelFile
from resources.models.label_matching import keyword_count

NEUTRAL_BAND = 0.05  # of VADER's README
MOST = 99


def by_keywords(file: LabelFile, texts: Sequence[str], rest: str) -> list[str]:
    """The label with most keywords in the text, the first of equals; `rest` where none has any."""
    labels = list(file.labels)
    counts = [keyword_count(file, text, MOST) for text in texts]
    return [labels[row.index(max(row))] if max(row) else rest for row in counts]


def by_lexicon(texts: Sequence[str]) -> list[str]:
    """VADER alone."""
    scores = compound_scores(texts)
    return ["NEUTRAL" if abs(s) < NEUTRAL_BAND else "POSITIVE" if s > 0 else "NEGATIVE" for s in scores]


def by_prototype(file: LabelFile, examples: np.ndarray, vectors: np.ndarray) -> list[str]:
    """The label whose examples' mean is nearest; `examples` are vectors of `file.examples()`, (n, dimension)."""
    owners, labels = np.array(file.examples()[1]), list(file.labels)
    means = np.stack([examples[owners == i].mean(axis=0) for i in range(len(labels))])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    return [labels[int(i)] for i in (vectors @ means.T).argmax(axis=1)]
