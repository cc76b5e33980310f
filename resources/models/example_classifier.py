"""Labels for texts from a YAML file of examples: a head over embeddings, a keyword bonus, then hard rules.

Also keeps fitted heads on disk, for whatever fits one to a label file. Fits are milliseconds; embedding the examples
of a file takes seconds, which a run process must not spend.
"""

import hashlib
import logging
import os
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import dagster as dg
import numpy as np
from pydantic import Field

from resources.models.label_file import LabelFile, content_hash, load
from resources.models.label_matching import keyword_count, ruling
from resources.models.roles import Embedder, ModelRole, Prediction
from resources.models.softmax_head import SoftmaxHead, fit, softmax

# Raise when the constants below, the features or the fit change: old heads on disk and old records are then outdated.
CODE = "1"
# Chosen by 10-fold cross-validation on the examples (accuracy intent .86, urgency .69) and checked on public sets.
# Blending in the nearest examples was measured too, and only cost accuracy.
RIDGE = 0.003
# A ridge that generalizes leaves probabilities too flat (mean .38 where .85 are right); doubled logits give .71.
SHARPNESS = 2.0
# Logits a keyword adds, for two keywords at most: enough to settle a close call, not to overturn a clear one.
BONUS, MOST_KEYWORDS = 1.0, 2
# A phrase somebody wrote down as decisive; 1.0 is left to what a customer states himself.
RULE_CONFIDENCE = 0.95

_log = logging.getLogger(__name__)
_heads: dict[Path, SoftmaxHead] = {}

Features = Callable[[Sequence[str], np.ndarray], np.ndarray]


class ExampleClassifier(ModelRole):
    """Any taxonomy: the label file says which labels there are and what they look like."""

    label_file: str = Field(description="YAML file of labels, examples, keywords and rules.")
    embedder: dg.ResourceDependency[Embedder]
    cache_dir: str = Field(description="Where fitted heads are kept between processes.")

    @property
    def version(self) -> str:
        """The label file's name and hash, and this code's version; computed without fitting."""
        return head_version(self.label_file)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels in the file's order; raises LabelFileError."""
        return tuple(load(self.label_file).labels)

    def classify(self, texts: Sequence[str], vectors: np.ndarray) -> list[Prediction]:
        """Return one prediction a text, in order; `vectors` are their embeddings, (len(texts), dimension).

        Raises LabelFileError, and ValueError where texts and vectors differ in number.
        """
        if len(texts) != len(vectors):
            raise ValueError(f"{len(texts)} texts but {len(vectors)} vectors")
        if not texts:
            return []
        file = load(self.label_file)
        head = fitted_head(file, self.embedder, self.cache_dir, RIDGE)
        keywords = np.array([keyword_count(file, text, MOST_KEYWORDS) for text in texts])
        logits = SHARPNESS * np.log(head.probabilities(vectors)) + BONUS * keywords
        rules = (ruling(file, text) for text in texts)
        by_head = predictions(head.classes, softmax(logits))
        return [Prediction(r.label, RULE_CONFIDENCE) if r else p for r, p in zip(rules, by_head, strict=True)]


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
    """Return the head for (file, embedder's version, ridge, CODE, features): remembered, read, or fitted and kept.

    `features` maps texts and their vectors (n, dimension) to what the head reads, (n, any). A cache file that cannot be
    read is rebuilt, and a directory that cannot be written costs time, never a result: both are logged.
    """
    key = "|".join((file.hash, embedder.version, CODE, str(ridge), getattr(features, "__qualname__", "")))
    path = Path(cache_dir).expanduser() / f"head-{hashlib.sha256(key.encode()).hexdigest()[:16]}.npz"
    head = _heads.get(path) or _read(path, tuple(file.labels))
    if head is None:
        texts, index = file.examples()
        head = fit(features(texts, embedder.embed(texts)), np.array(index), list(file.labels), ridge)
        _write(path, head)
    _heads[path] = head
    return head


def _read(path: Path, classes: tuple[str, ...]) -> SoftmaxHead | None:
    if not path.exists():
        return None
    try:
        # numpy leaves a file that it opened itself open where the archive is torn.
        with path.open("rb") as source, np.load(source, allow_pickle=False) as stored:
            weights = stored["weights"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        _log.warning("%s is damaged (%s): fitting the head anew", path, error)
        return None
    if weights.shape[1:] != (len(classes),):
        _log.warning("%s is damaged (shape %s): fitting the head anew", path, weights.shape)
        return None
    return SoftmaxHead(classes, weights)


def _write(path: Path, head: SoftmaxHead) -> None:
    """Write beside the target and rename: a process that reads meanwhile sees a whole file or none."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
        with os.fdopen(descriptor, "wb") as target:
            np.savez(target, weights=head.weights)
        Path(name).chmod(0o644)  # mkstemp's own mode would shut out others who share the directory
        Path(name).replace(path)
    except OSError as error:
        _log.warning("%s cannot be written (%s): every process will embed the examples again", path, error)
