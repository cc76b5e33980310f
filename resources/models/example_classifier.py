"""Labels for texts from a YAML file of examples: a blended head over embeddings and keywords, then hard rules."""

from collections.abc import Callable, Sequence
from pathlib import Path

import dagster as dg
import numpy as np
from pydantic import Field

from resources.models.blended_head import Blend, BlendedHead, fit_blended
from resources.models.head_cache import cached
from resources.models.label_file import LabelFile, content_hash, load, load_known
from resources.models.label_matching import keyword_count, ruling
from resources.models.roles import Classifier, Embedder, Prediction
from resources.models.softmax_head import SoftmaxHead, fit

# Raise when the constants below, the features or the fit change: old heads on disk and old records are then outdated.
CODE = "4"
MOST_KEYWORDS = 2  # that count: enough to settle a close call, not to overturn a clear one
# Chosen by 5-fold cross-validation on the examples and the two development sets (docs/labels.md). The nearest examples
# help among topics (intent); how soon somebody must act is no topic, and there they cost six points of accuracy.
# Of four urgencies half the answers lie under .6: a queue of every second ticket would be read by nobody.
PLAIN = Blend(ridge=0.003, sharpness=2.0, bonus=1.0, floor=0.3, ceiling=0.4)
BLENDED = Blend(ridge=0.001, sharpness=1.5, bonus=0.6, share=0.25)
# A phrase somebody wrote down as decisive; 1.0 is left to what a customer states himself.
RULE_CONFIDENCE = 0.95

Features = Callable[[Sequence[str], np.ndarray], np.ndarray]


class ExampleClassifier(Classifier):
    """Any taxonomy: the label file says which labels there are and what they look like."""

    label_file: str = Field(description="YAML file of labels, examples, keywords and rules.")
    embedder: dg.ResourceDependency[Embedder]
    cache_dir: str = Field(description="Where fitted heads are kept between processes.")
    by_nearest: bool = Field(default=False, description="Whether the nearest examples have a share in the decision.")
    known: list[str] = Field(default=[], description="The labels that records may have; empty: whatever the file says.")

    @property
    def version(self) -> str:
        """The label file's name and hash, and this code's version; computed without fitting."""
        return head_version(self.label_file)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels in the file's order; raises LabelFileError."""
        return tuple(self.file().labels)

    def file(self) -> LabelFile:
        """The label file as it is now; raises LabelFileError, also where a label is not `known`."""
        return load_known(self.label_file, self.known) if self.known else load(self.label_file)

    def classify(self, texts: Sequence[str], vectors: np.ndarray) -> list[Prediction]:
        """Return one prediction a text, in order; `vectors` are their embeddings, (len(texts), dimension).

        Raises LabelFileError, and ValueError where texts and vectors differ in number.
        """
        if len(texts) != len(vectors):
            raise ValueError(f"{len(texts)} texts but {len(vectors)} vectors")
        if not texts:
            return []
        file = self.file()
        by_head = predictions(tuple(file.labels), self.probabilities(texts, vectors))
        rules = (ruling(file, text) for text in texts)
        return [
            Prediction(r.label, RULE_CONFIDENCE, ruled=True) if r else p for r, p in zip(rules, by_head, strict=True)
        ]

    def probabilities(self, texts: Sequence[str], vectors: np.ndarray) -> np.ndarray:
        """Return the head's probabilities before any rule, (len(texts), labels), in the file's order."""
        return self.head().probabilities(vectors, keyword_counts(self.file(), texts))

    def doubts(self, texts: Sequence[str], vectors: np.ndarray, said: Sequence[Prediction]) -> list[bool]:
        """Return which predictions a person should look at: under their label's threshold, or far from every example.

        What a rule decided is not in doubt. `review_below` in the file goes before the fitted threshold.
        """
        if not texts:
            return []
        bars, far = self.bars(), self.head().is_far(vectors)
        return [not p.ruled and bool(f or p.confidence < bars[p.label]) for p, f in zip(said, far, strict=True)]

    def bars(self) -> dict[str, float]:
        """The confidence of each label, in the file's order, under which it is in doubt."""
        own = zip(self.file().labels.items(), self.head().thresholds, strict=True)
        return {n: float(fitted) if v.review_below is None else v.review_below for (n, v), fitted in own}

    @property
    def blend(self) -> Blend:
        """How the head weighs its evidence."""
        return BLENDED if self.by_nearest else PLAIN

    def fitted_on(
        self, file: LabelFile, texts: Sequence[str], vectors: np.ndarray, owners: np.ndarray
    ) -> Callable[[Sequence[str], np.ndarray], np.ndarray]:
        """The scores, before any rule, of a head fitted on other examples of the file's labels; kept nowhere."""
        head = fit_blended(vectors, owners, keyword_counts(file, texts), tuple(file.labels), self.blend)
        return lambda texts, vectors: head.logits(vectors, keyword_counts(file, texts))

    def head(self) -> BlendedHead:
        """The fitted head; raises LabelFileError."""
        file, blend = self.file(), self.blend
        key = "|".join((file.hash, self.embedder.version, CODE, str(tuple(blend))))
        k = len(file.labels)
        shapes = {"weights": (None, k), "examples": (None, None), "owners": (None,), "calibration": (2 + 2 * k,)}
        stored = cached(self.cache_dir, key, shapes, lambda: _fitted(file, self.embedder, blend))
        temperature, far = map(float, stored["calibration"][:2])
        regression = SoftmaxHead(tuple(file.labels), stored["weights"])
        thresholds, precisions = stored["calibration"][2:].reshape(2, k)
        return BlendedHead(
            regression, stored["examples"], stored["owners"], blend, temperature, far, thresholds, precisions
        )


def _fitted(file: LabelFile, embedder: Embedder, blend: Blend) -> dict[str, np.ndarray]:
    texts, owners = file.examples()
    head = fit_blended(embedder.embed(texts), np.array(owners), keyword_counts(file, texts), tuple(file.labels), blend)
    calibration = np.array([head.temperature, head.far, *head.thresholds, *head.precisions])
    arrays = {"weights": head.regression.weights, "examples": head.examples, "owners": head.owners}
    return {**arrays, "calibration": calibration}


def keyword_counts(file: LabelFile, texts: Sequence[str]) -> np.ndarray:
    """How many keywords of each label each text has, (len(texts), labels); at most MOST_KEYWORDS."""
    return np.array([keyword_count(file, text, MOST_KEYWORDS) for text in texts])


def predictions(classes: Sequence[str], probabilities: np.ndarray) -> list[Prediction]:
    """Return each row's most probable class; `probabilities` is (n, len(classes)).

    Raises ValueError where one is not finite (a vector with NaN): argmax would turn it into the first label.
    """
    if not np.isfinite(probabilities).all():
        raise ValueError(
            f"no probabilities for rows {np.flatnonzero(~np.isfinite(probabilities).all(axis=1)).tolist()}"
        )
    best = probabilities.argmax(axis=1)
    return [Prediction(classes[int(i)], float(row[i])) for i, row in zip(best, probabilities, strict=True)]


def head_version(label_file: str) -> str:
    """Return name@hash.code of the answers that a head fitted on the file gives."""
    return f"{Path(label_file).stem}@{content_hash(label_file)}.{CODE}"


def fitted_head(
    file: LabelFile, embedder: Embedder, cache_dir: str, ridge: float, features: Features = lambda _, v: v
) -> SoftmaxHead:
    """Return the plain head for (file, embedder's version, ridge, CODE, features): fitted once, then kept.

    `features` maps texts and their vectors (n, dimension) to what the head reads, (n, any).
    """

    def make() -> dict[str, np.ndarray]:
        texts, index = file.examples()
        rows = features(texts, embedder.embed(texts))
        return {"weights": fit(rows, np.array(index), list(file.labels), ridge).weights}

    key = "|".join((file.hash, embedder.version, CODE, str(ridge), getattr(features, "__qualname__", "")))
    shapes = {"weights": (None, len(file.labels))}
    return SoftmaxHead(tuple(file.labels), cached(cache_dir, key, shapes, make)["weights"])
