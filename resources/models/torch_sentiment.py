"""The reference sentiment model: DistilBERT fine-tuned on SST-2, in float32 on torch.

The model knows two classes; `predict`, a pure function, finds the third between them.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from pydantic import Field

from resources.models.batching import in_batches
from resources.models.pretrained import Pretrained, load
from resources.models.roles import ModelNotAvailable, Prediction, SentimentModel
from resources.models.weights import resolve

MAX_TOKENS = 512  # what DistilBERT's positions reach


class TorchSentiment(SentimentModel):
    """A two-class DistilBERT with NEUTRAL where its classes are close."""

    source: str = Field(
        default="distilbert/distilbert-base-uncased-finetuned-sst-2-english",
        description="A hub id or a directory with a DistilBertForSequenceClassification.",
    )
    revision: str | None = Field(default=None, description="The hub model's commit, tag or branch.")
    cache_dir: str = Field(default="~/.cache/huggingface/hub", description="Where hub models are kept.")
    batch_size: int = Field(default=8, gt=0, description="Texts a forward pass; larger is slower on few cores.")
    neutral_margin: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="NEUTRAL where the two classes' probabilities differ by less: 0.5 is 75 % against 25 %.",
    )

    @property
    def version(self) -> str:
        """The weights' name and revision, and the margin."""
        weights = resolve(self.source, self.revision, self.cache_dir)
        return f"{Path(self.source).name}@{weights.version}:{self.neutral_margin:g}"

    def classify(self, texts: Sequence[str], vectors: np.ndarray) -> list[Prediction]:  # noqa: ARG002
        """Return one prediction a text, in order; `vectors` are not read. ModelNotAvailable without weights."""
        weights = resolve(self.source, self.revision, self.cache_dir)
        loaded = _load(weights.path, weights.version)
        token_ids = loaded.token_ids(texts, MAX_TOKENS) if texts else []
        lengths = [len(ids) for ids in token_ids]
        rows = in_batches(token_ids, lengths, self.batch_size, lambda batch: _probabilities(loaded, batch))
        labels: Mapping[int, str] = loaded.model.config.id2label
        return [
            predict({labels[i].upper(): p for i, p in enumerate(row.tolist())}, self.neutral_margin) for row in rows
        ]


def predict(probabilities: Mapping[str, float], neutral_margin: float) -> Prediction:
    """The label for the probabilities of POSITIVE and NEGATIVE, which sum to 1.

    Their difference d is compared, not the higher one, which is never under 0.5. NEUTRAL's confidence is
    1 - d / (2 margin): 1 where neither class is ahead, 0.5 at the margin, where it is as likely as not. It is a
    scale of closeness, not a probability: the model has seen no neutral example.
    """
    label, other = sorted(("NEGATIVE", "POSITIVE"), key=lambda name: -probabilities[name])
    difference = probabilities[label] - probabilities[other]
    if difference < neutral_margin:
        return Prediction("NEUTRAL", 1 - difference / (2 * neutral_margin))
    return Prediction(label, min(probabilities[label], 1.0))


@lru_cache(maxsize=2)
def _load(path: str, version: str) -> Pretrained:  # noqa: ARG001 - new weights in the same place
    from transformers.models.bert.tokenization_bert import BertTokenizer
    from transformers.models.distilbert.modeling_distilbert import DistilBertForSequenceClassification

    loaded = load(DistilBertForSequenceClassification, BertTokenizer, path)
    labels = sorted(label.upper() for label in loaded.model.config.id2label.values())
    if labels != ["NEGATIVE", "POSITIVE"]:
        raise ModelNotAvailable(f"{path} names its classes {labels}; they must be NEGATIVE and POSITIVE")
    return loaded


def _probabilities(loaded: Pretrained, batch: list[list[int]]) -> np.ndarray:
    import torch

    with torch.inference_mode():
        return loaded.model(**loaded.padded(batch)).logits.softmax(dim=1).numpy()
