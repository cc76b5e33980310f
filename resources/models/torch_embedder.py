"""The reference embedder: all-MiniLM-L6-v2 in float32, transformers' BERT on torch.

Knows how texts are batched and token vectors pooled; the weights are found by `weights`, loaded by `pretrained`.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from pydantic import Field

from resources.models.batching import in_batches
from resources.models.bert_embedder import BertEmbedder
from resources.models.pretrained import Pretrained, load


class TorchEmbedder(BertEmbedder):
    """BertModel, mean pooling and normalisation on torch."""

    batch_size: int = Field(default=16, gt=0, description="Texts a forward pass, of like length.")

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Return float32 of shape (len(texts), dimension), each row of length 1; ModelNotAvailable without weights."""
        weights = self.weights()
        loaded = _load(weights.path, weights.version)
        if not texts:
            return np.empty((0, loaded.model.config.hidden_size), dtype=np.float32)
        token_ids = loaded.token_ids(texts, self.max_tokens)
        return np.stack(in_batches(token_ids, self.batch_size, lambda batch: _encode(loaded, batch)))


def load_bert(path: str) -> Pretrained:
    """The model in the directory `path`; raises ModelNotAvailable."""
    from transformers.models.bert.modeling_bert import BertModel
    from transformers.models.bert.tokenization_bert import BertTokenizer

    return load(BertModel, BertTokenizer, path, add_pooling_layer=False)


@lru_cache(maxsize=2)
def _load(path: str, version: str) -> Pretrained:  # noqa: ARG001 - new weights in the same place
    return load_bert(path)


def _encode(loaded: Pretrained, batch: list[list[int]]) -> np.ndarray:
    """Mean pooling and normalisation (Reimers & Gurevych 2019), as MiniLM's own config says."""
    import torch

    inputs = loaded.padded(batch)
    with torch.inference_mode():
        tokens = loaded.model(**inputs).last_hidden_state
        present = inputs["attention_mask"].unsqueeze(-1).to(tokens.dtype)
        mean = (tokens * present).sum(dim=1) / present.sum(dim=1)
        return torch.nn.functional.normalize(mean, dim=1).numpy()
