"""Sentiment by DistilBERT SST-2 on CTranslate2, which knows its encoder; the classifier's two layers are numpy here."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import numpy as np
from pydantic import Field

from resources.models.batching import in_batches
from resources.models.converted import HEAD
from resources.models.ctranslate2_role import COMPUTE_TYPES, ComputeType, CTranslate2Role
from resources.models.distilbert_sentiment import MAX_TOKENS, DistilBertSentiment
from resources.models.loaded import Loaded
from resources.models.roles import Prediction
from resources.models.softmax_head import softmax


class CTranslate2Sentiment(DistilBertSentiment, CTranslate2Role):
    """A converted DistilBertForSequenceClassification."""

    KIND: ClassVar[str] = "distilbert"
    ENGINE: ClassVar[str] = "Encoder"

    compute_type: ComputeType = Field(default="int7", description=COMPUTE_TYPES)
    batch_size: int = Field(default=4, gt=0, description="Texts a forward pass, of like length; larger is slower.")

    def classify(self, texts: Sequence[str], vectors: np.ndarray) -> list[Prediction]:  # noqa: ARG002
        """Return one prediction a text, in order; `vectors` are not read. ModelNotAvailable if not prepared."""
        loaded = self.loaded()
        token_ids = [encoding.ids for encoding in loaded.encoded(texts, MAX_TOKENS)]
        rows = in_batches(token_ids, self.batch_size, lambda batch: _probabilities(loaded, batch), loaded.workers)
        return self.predictions(loaded.facts["labels"], rows)


def _probabilities(loaded: Loaded, batch: list[list[int]]) -> np.ndarray:
    """(texts, classes), from the first token's state through the head: Linear, ReLU, Linear."""
    first = np.array(loaded.model.forward_batch(batch).last_hidden_state)[:, 0]
    head = _head(loaded.directory)
    hidden = np.maximum(first @ head["pre_classifier_weight"].T + head["pre_classifier_bias"], 0)
    return softmax(hidden @ head["classifier_weight"].T + head["classifier_bias"])


@lru_cache(maxsize=2)
def _head(directory: Path) -> dict[str, np.ndarray]:
    with np.load(directory / HEAD, allow_pickle=False) as stored:
        return dict(stored)
