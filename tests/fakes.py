"""Fakes by hand for the model roles: quick, deterministic, and made so that a mistake in order shows."""

import os
import signal
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from resources.models.roles import Classifier, Embedder, Prediction, SentimentModel, Summarizer
from resources.models.suite import ModelSuite

DIMENSION = 384
POISON = "POISON"
NAN = "NOT-A-NUMBER"


class LengthEmbedder(Embedder):
    """A unit vector whose first two components tell the text's length; some texts break it."""

    revision: str = "1"

    @property
    def version(self) -> str:
        return f"length-embedder@{self.revision}"

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        if any(POISON in text for text in texts):
            raise RuntimeError("the tokenizer fell over")
        angles = np.array([len(text) / 10_000 for text in texts])
        vectors = np.zeros((len(texts), DIMENSION), dtype=np.float32)
        vectors[:, 0], vectors[:, 1] = np.cos(angles), np.sin(angles)
        vectors[[NAN in text for text in texts]] = np.nan
        return vectors


class KillerEmbedder(LengthEmbedder):
    """Its own process gets `number`, a signal, from a text that says so; `patience` deaths later it survives."""

    poison: str = "KILLS"
    number: int = int(signal.SIGKILL)
    deaths: str | None = None
    patience: int = 0

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        if any(self.poison in text for text in texts) and not self._survives():
            os.kill(os.getpid(), self.number)
        return super().embed(texts)

    def _survives(self) -> bool:
        if self.deaths is None:
            return False
        with Path(self.deaths).open("a+") as book:
            book.write(".")
            return book.tell() > self.patience


class WordClassifier(Classifier):
    """The first label that the text names, else the last."""

    names: list[str]

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(self.names)

    @property
    def version(self) -> str:
        return f"word-classifier@{len(self.names)}"

    def classify(self, texts: Sequence[str], vectors: np.ndarray) -> list[Prediction]:
        assert len(texts) == len(vectors)
        return [Prediction(next((n for n in self.names if n in text), self.names[-1]), 0.75) for text in texts]


class Doubter(WordClassifier):
    """In doubt where the text says so."""

    def doubts(self, texts: Sequence[str], vectors: np.ndarray, said: Sequence[Prediction]) -> list[bool]:
        return ["puzzling" in text for text in texts]


class WordSentiment(SentimentModel):
    """NEGATIVE where the text says bad."""

    @property
    def version(self) -> str:
        return "word-sentiment@1"

    def classify(self, texts: Sequence[str], vectors: np.ndarray) -> list[Prediction]:
        return [Prediction("NEGATIVE" if "bad" in text else "NEUTRAL", 0.5) for text in texts]


class FirstWords(Summarizer):
    """The first five words."""

    @property
    def version(self) -> str:
        return "first-words@1"

    def summarize(self, texts: Sequence[str], contexts: Sequence[str] = ()) -> list[str]:
        return [" ".join(text.split()[:5]) for text in texts]


def fake_suite(**roles: object) -> ModelSuite:
    """All roles played by fakes; `roles` replace some."""
    cast = {
        "embedder": LengthEmbedder(),
        "intent": WordClassifier(names=["login_issue", "payment_issue", "general_inquiry"]),
        "urgency": WordClassifier(names=["critical", "medium"]),
        "sentiment": WordSentiment(),
        "summarizer": FirstWords(),
    }
    return ModelSuite(profile="fake", **{**cast, **roles})
