"""Sentiment without a download: a head over the text's embedding and VADER's score.

The embedding knows what is spoken of, VADER (a lexicon with rules for negation and emphasis) how it is said; each
alone is worse. Fits and keeps its head by way of example_classifier.
"""

from collections.abc import Callable, Sequence

import dagster as dg
import numpy as np
from pydantic import Field

from resources.models.example_classifier import fitted_head, head_version, predictions
from resources.models.label_file import LabelFile, complaint, load_known
from resources.models.roles import UNSURE, Embedder, Prediction, SentimentModel
from resources.models.softmax_head import fit

CLASSES = ("POSITIVE", "NEGATIVE", "NEUTRAL")
RIDGE = 0.0015
# Weight of the lexicon against the unit vector. Macro-F1 on public sets (tweets / developers / reviews): VADER alone
# .56 / .73 / .57, both .62 / .75 / .59. Scores of single sentences, neg/neu/pos, length and punctuation added nothing
# beyond noise.
LEXICON_WEIGHT = 0.4
# VADER's time grows with the square of the words after a "but": 38 s for 100,000 characters. The embedder reads less.
LEXICON_CHARACTERS = 4_000


class HeadSentiment(SentimentModel):
    """The default profile's sentiment, fitted on a label file with exactly POSITIVE, NEGATIVE and NEUTRAL."""

    label_file: str = Field(description="YAML file with examples of the three labels.")
    embedder: dg.ResourceDependency[Embedder]
    cache_dir: str = Field(description="Where fitted heads are kept between processes.")

    @property
    def version(self) -> str:
        """The label file's name and hash, and the code's version; computed without fitting."""
        return head_version(self.label_file)

    def file(self) -> LabelFile:
        """The label file as it is now; raises LabelFileError."""
        return load_sentiment(self.label_file)

    def classify(self, texts: Sequence[str], vectors: np.ndarray) -> list[Prediction]:
        """Return one prediction a text, in order; `vectors` are their embeddings, (len(texts), dimension).

        Raises LabelFileError, also where the file has other labels, and ValueError where texts and vectors differ in
        number.
        """
        if len(texts) != len(vectors):
            raise ValueError(f"{len(texts)} texts but {len(vectors)} vectors")
        if not texts:
            return []
        return predictions(tuple(load_sentiment(self.label_file).labels), self.probabilities(texts, vectors))

    def probabilities(self, texts: Sequence[str], vectors: np.ndarray) -> np.ndarray:
        """Return the head's probabilities, (len(texts), 3), in the file's order."""
        file = load_sentiment(self.label_file)
        head = fitted_head(file, self.embedder, self.cache_dir, RIDGE, with_lexicon)
        return head.probabilities(with_lexicon(texts, vectors))

    def fitted_on(
        self, file: LabelFile, texts: Sequence[str], vectors: np.ndarray, owners: np.ndarray
    ) -> Callable[[Sequence[str], np.ndarray], np.ndarray]:
        """The scores of a head fitted on other examples of the file's labels; kept nowhere."""
        head = fit(with_lexicon(texts, vectors), owners, tuple(file.labels), RIDGE)
        return lambda texts, vectors: head.probabilities(with_lexicon(texts, vectors))

    def doubts(self, texts: Sequence[str], vectors: np.ndarray, said: Sequence[Prediction]) -> list[bool]:  # noqa: ARG002
        """Return which predictions lie under their label's `review_below`, or UNSURE where the file has none."""
        bars = self.bars()
        return [p.confidence < bars[p.label] for p in said]

    def bars(self) -> dict[str, float]:
        """The confidence of each label, in the file's order, under which it is in doubt."""
        own = {name: label.review_below for name, label in load_sentiment(self.label_file).labels.items()}
        return {name: UNSURE if bar is None else bar for name, bar in own.items()}


def load_sentiment(path: str) -> LabelFile:
    """The file, if the head can use all that is in it; LabelFileError."""
    file = load_known(path, CLASSES, every=True)
    for name, label in file.labels.items():
        if label.keywords:
            place = ("labels", name, "keywords")
            raise complaint(path, place, "the head reads no keywords", "add examples; the lexicon has words")
    if file.denied_by:
        raise complaint(path, ("denied_by",), "the head reads no keywords to deny", "remove it; VADER knows negations")
    if file.rules:
        raise complaint(path, ("rules",), "the head reads no rules", "add examples; the lexicon has words")
    return file


def with_lexicon(texts: Sequence[str], vectors: np.ndarray) -> np.ndarray:
    """Return (n, dimension + 2): the vectors, VADER's compound score in [-1, 1], and its size, both weighted.

    The size tells NEUTRAL from both others, which no linear function of the score can.
    """
    compound = np.array(compound_scores(texts))[:, None]
    return np.hstack([vectors, LEXICON_WEIGHT * compound, LEXICON_WEIGHT * np.abs(compound)])


def compound_scores(texts: Sequence[str]) -> list[float]:
    """VADER's compound score of each text, in [-1, 1]."""
    from resources.models.vader import analyzer

    return [analyzer().compound(text[:LEXICON_CHARACTERS]) for text in texts]
