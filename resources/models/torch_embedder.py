"""The reference embedder: all-MiniLM-L6-v2 in float32, transformers' BERT on torch."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from pydantic import Field

from resources.models.bert_embedder import BertEmbedder
from resources.models.pretrained import Pretrained, load
from resources.models.token_states import Tokens


class TorchEmbedder(BertEmbedder):
    """BertModel on torch."""

    batch_size: int = Field(default=16, gt=0, description="Texts a forward pass, of like length.")

    @property
    def dimension(self) -> int:
        """As the model's config says."""
        return self._loaded().model.config.hidden_size

    def tokens(self, texts: Sequence[str]) -> list[Tokens]:
        """What the model reads of each text."""
        found = self._loaded().encoded(texts, self.max_tokens)
        return [Tokens(*pair) for pair in zip(found["input_ids"], found["offset_mapping"], strict=True)]

    def forward(self, batch: list[Sequence[int]]) -> list[np.ndarray]:
        """The last layer's states, without those of the padding."""
        import torch

        loaded = self._loaded()
        with torch.inference_mode():
            states = loaded.model(**loaded.padded(batch)).last_hidden_state.numpy()
        return [row[: len(ids)] for row, ids in zip(states, batch, strict=True)]

    def _loaded(self) -> Pretrained:
        """Raises ModelNotAvailable."""
        weights = self.weights()
        return _load(weights.path, weights.version)


def load_bert(path: str) -> Pretrained:
    """The model in the directory `path`; raises ModelNotAvailable."""
    from transformers.models.bert.modeling_bert import BertModel
    from transformers.models.bert.tokenization_bert import BertTokenizer

    return load(BertModel, BertTokenizer, path, add_pooling_layer=False)


@lru_cache(maxsize=2)
def _load(path: str, version: str) -> Pretrained:  # noqa: ARG001 - new weights in the same place
    return load_bert(path)
