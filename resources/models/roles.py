"""The three roles a model can play. Implementations live beside this module; assets know only these.

Nothing here imports an engine: loading the definitions must not import torch.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import NamedTuple

import dagster as dg
import numpy as np

from resources.models.errors import ModelNotAvailable  # noqa: F401 - the engines take it from here

UNSURE = 0.4


class Prediction(NamedTuple):
    """A label and the probability, in [0, 1], that the model gives it; whether a rule decided it, which none doubts."""

    label: str
    confidence: float
    ruled: bool = False


class ModelInfo(NamedTuple):
    """What stands behind a role, for people to read; `state` is ready, not converted, missing or corrupt."""

    name: str
    revision: str
    engine: str
    compute_type: str
    path: str
    size: int
    state: str


class ModelRole(dg.ConfigurableResource, ABC):
    """What every role has: a version that changes whenever its answers may."""

    @property
    @abstractmethod
    def version(self) -> str:
        """Name and revision of the weights or files behind the answers; computed without loading them."""

    def prepare(self, say: Callable[[str], None]) -> None:
        """Make what a run needs and never makes itself; `say` is told what is being made. ModelNotAvailable."""

    def info(self) -> ModelInfo:
        """What stands behind the role, found without loading or fetching it."""
        name, _, revision = self.version.partition("@")
        return ModelInfo(name, revision, "numpy", "float64", path="", size=0, state="ready")


class Embedder(ModelRole):
    """Texts to unit vectors."""

    @abstractmethod
    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Return float32 vectors of shape (len(texts), dimension), each of length 1, in the order of `texts`."""

    def embed_parts(self, texts: Sequence[str], parts: Sequence[Sequence[slice]]) -> list[np.ndarray]:
        """Return for each text float32 of shape (1 + parts, dimension): its own vector, then one of each part.

        A part is a slice of the text's characters. Here each is embedded as a text of its own.
        """
        pieces = [[text, *(text[part] for part in own)] for text, own in zip(texts, parts, strict=True)]
        vectors = self.embed([piece for own in pieces for piece in own])
        return np.split(vectors, np.cumsum([len(own) for own in pieces])[:-1]) if pieces else []


class Classifier(ModelRole):
    """Texts to labels of one taxonomy."""

    @property
    @abstractmethod
    def labels(self) -> tuple[str, ...]:
        """Every label that can come out."""

    @abstractmethod
    def classify(self, texts: Sequence[str], vectors: np.ndarray) -> list[Prediction]:
        """Return one prediction a text, in order; `vectors` are their embeddings, (len(texts), dimension)."""

    def doubts(self, texts: Sequence[str], vectors: np.ndarray, said: Sequence[Prediction]) -> list[bool]:  # noqa: ARG002
        """Return which predictions a person should look at; here none, where nothing is known of their worth."""
        return [False] * len(said)


class SentimentModel(ModelRole):
    """Texts to POSITIVE, NEGATIVE or NEUTRAL."""

    def doubts(self, texts: Sequence[str], vectors: np.ndarray, said: Sequence[Prediction]) -> list[bool]:  # noqa: ARG002
        """Return which predictions a person should look at; here those that are hardly better than a guess of three."""
        return [prediction.confidence < UNSURE for prediction in said]

    @abstractmethod
    def classify(self, texts: Sequence[str], vectors: np.ndarray) -> list[Prediction]:
        """Return one prediction a text, in order.

        `vectors` are the texts' embeddings, float32 of shape (len(texts), dimension), for implementations
        that read them; the others ignore them.
        """


class Summarizer(ModelRole):
    """Texts to short summaries."""

    @abstractmethod
    def summarize(self, texts: Sequence[str], contexts: Sequence[str] = ()) -> list[str]:
        """Return one non-empty summary a text, in order.

        `contexts`, if given, are longer texts that end with these (a ticket with its subject), for implementations
        that read them; the others ignore them.
        """
