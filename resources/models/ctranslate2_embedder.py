"""The default embedder: all-MiniLM-L6-v2 on CTranslate2, pooled in numpy."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from pydantic import Field

from resources.models.batching import in_batches
from resources.models.bert_embedder import BertEmbedder
from resources.models.ctranslate2_role import CTranslate2Role, Loaded


class CTranslate2Embedder(BertEmbedder, CTranslate2Role):
    """A converted BertModel."""

    KIND: ClassVar[str] = "bert"
    ENGINE: ClassVar[str] = "Encoder"

    batch_size: int = Field(default=2, gt=0, description="Texts a forward pass, of like length; larger is slower.")

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Return float32 of shape (len(texts), dimension), each row of length 1; ModelNotAvailable if not prepared."""
        loaded = self.loaded()
        if not texts:
            return np.empty((0, loaded.facts["dimension"]), dtype=np.float32)
        token_ids = [encoding.ids for encoding in loaded.encoded(texts, self.max_tokens)]
        run = lambda batch: _encode(loaded, batch)  # noqa: E731
        return np.stack(in_batches(token_ids, self.batch_size, run, loaded.workers))


def _encode(loaded: Loaded, batch: list[list[int]]) -> list[np.ndarray]:
    """Mean pooling and normalisation (Reimers & Gurevych 2019), as MiniLM's own config says."""
    tokens = np.array(loaded.model.forward_batch(batch).last_hidden_state)
    means = [row[: len(ids)].mean(axis=0) for row, ids in zip(tokens, batch, strict=True)]
    return [mean / np.linalg.norm(mean) for mean in means]
