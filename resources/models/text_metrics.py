"""How good summaries and searches are: ROUGE, and the rank of what should be found. BM25 to compare with. Pure."""

import math
import re
from collections import Counter
from collections.abc import Collection, Sequence

import numpy as np

K1, B = 1.2, 0.75  # of Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009


def words(text: str) -> list[str]:
    """The text's words in lower case."""
    return re.findall(r"\w+", text.lower())


def rouge_n(summary: str, reference: str, n: int) -> float:
    """F1 of shared word n-grams (C.-Y. Lin, "ROUGE", 2004), without stemming."""
    ours, theirs = (Counter(zip(*(words(t)[i:] for i in range(n)), strict=False)) for t in (summary, reference))
    return _f1((ours & theirs).total(), ours.total(), theirs.total())


def rouge_l(summary: str, reference: str) -> float:
    """F1 of the longest common subsequence of words."""
    ours, theirs = words(summary), words(reference)
    row = [0] * (len(theirs) + 1)
    for word in ours:
        corner = 0
        for i, other in enumerate(theirs, 1):
            corner, row[i] = row[i], corner + 1 if word == other else max(row[i], row[i - 1])
    return _f1(row[-1], len(ours), len(theirs))


def lead(text: str, count: int) -> str:
    """The first `count` words: what any summary has to beat."""
    return " ".join(text.split()[:count])


def ranks(similarities: np.ndarray, wanted: Sequence[Collection[int]]) -> list[float]:
    """For each query row that has wanted columns, the rank, from 1, of the best of them; a row never finds itself.

    Among equals any order is as good: the best wanted one of them has the mean of its ranks over all orders.
    Raises ValueError where a similarity is not finite.
    """
    if not np.isfinite(similarities).all():
        raise ValueError("a similarity is not finite")
    found = []
    for row, good in enumerate(wanted):
        if not good:
            continue
        values = similarities[row].astype(np.float64).copy()
        values[row] = -np.inf
        best = max(values[i] for i in good)
        equal, right = int((values == best).sum()), sum(values[i] == best for i in good)
        found.append(float((values > best).sum() + (equal + 1) / (right + 1)))
    return found


def hit_at(found: Sequence[float], k: int) -> float:
    """The share of ranks up to `k`."""
    return sum(rank <= k for rank in found) / len(found)


def reciprocal(found: Sequence[float]) -> float:
    """MRR: the mean of 1 / rank."""
    return sum(1 / rank for rank in found) / len(found)


def bm25(texts: Sequence[str]) -> np.ndarray:
    """Scores of every text (column) for every text taken as a query (row), float32 (n, n)."""
    counted = [Counter(words(text)) for text in texts]
    lengths = np.array([max(1, c.total()) for c in counted], dtype=np.float64)
    norm = K1 * (1 - B + B * lengths / lengths.mean())
    holders: dict[str, list[int]] = {}
    for i, count in enumerate(counted):
        for word in count:
            holders.setdefault(word, []).append(i)
    scores = np.zeros((len(texts), len(texts)), dtype=np.float32)
    for word, where in holders.items():
        rows = np.array(where)
        often = np.array([counted[i][word] for i in where])
        weight = math.log(1 + (len(texts) - len(where) + 0.5) / (len(where) + 0.5))
        scores[np.ix_(rows, rows)] += (weight * often * (K1 + 1) / (often + norm[rows])).astype(np.float32)
    return scores


def _f1(shared: int, ours: int, theirs: int) -> float:
    return 2 * shared / (ours + theirs) if ours + theirs else 0.0
