"""The reference sentiment model: DistilBERT fine-tuned on SST-2, in float32 on torch."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from pydantic import Field

from resources.models.batching import in_batches
from resources.models.distilbert_sentiment import MAX_TOKENS, DistilBertSentiment
from resources.models.pretrained import Pretrained, load
from resources.models.roles import ModelNotAvailable, Prediction


class TorchSentiment(DistilBertSentiment):
    """DistilBertForSequenceClassification on torch."""

    batch_size: int = Field(default=8, gt=0, description="Texts a forward pass; larger is slower on few cores.")

    def classify(self, texts: Sequence[str], vectors: np.ndarray) -> list[Prediction]:  # noqa: ARG002
        """Return one prediction a text, in order; `vectors` are not read. ModelNotAvailable without weights."""
        weights = self.weights()
        loaded = _load(weights.path, weights.version)
        token_ids = loaded.token_ids(texts, MAX_TOKENS) if texts else []
        rows = in_batches(token_ids, self.batch_size, lambda batch: _probabilities(loaded, batch))
        return self.predictions(class_names(loaded), rows)


def load_distilbert(path: str) -> Pretrained:
    """The model in the directory `path`; raises ModelNotAvailable, also where it has other classes."""
    from transformers.models.bert.tokenization_bert import BertTokenizer
    from transformers.models.distilbert.modeling_distilbert import DistilBertForSequenceClassification

    loaded = load(DistilBertForSequenceClassification, BertTokenizer, path)
    labels = sorted(name.upper() for name in class_names(loaded))
    if labels != ["NEGATIVE", "POSITIVE"]:
        raise ModelNotAvailable(f"{path} names its classes {labels}; they must be NEGATIVE and POSITIVE")
    return loaded


def class_names(loaded: Pretrained) -> list[str]:
    """The model's own names of its classes, in the order of its logits."""
    names = loaded.model.config.id2label
    return [names[index] for index in range(len(names))]


@lru_cache(maxsize=2)
def _load(path: str, version: str) -> Pretrained:  # noqa: ARG001 - new weights in the same place
    return load_distilbert(path)


def _probabilities(loaded: Pretrained, batch: list[list[int]]) -> np.ndarray:
    import torch

    with torch.inference_mode():
        return loaded.model(**loaded.padded(batch)).logits.softmax(dim=1).numpy()
