"""The default embedder: all-MiniLM-L6-v2 on CTranslate2, pooled in numpy."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from pydantic import Field

from resources.models.bert_embedder import BertEmbedder
from resources.models.ctranslate2_role import CTranslate2Role
from resources.models.token_states import Tokens


class CTranslate2Embedder(BertEmbedder, CTranslate2Role):
    """A converted BertModel."""

    KIND: ClassVar[str] = "bert"
    ENGINE: ClassVar[str] = "Encoder"

    batch_size: int = Field(default=2, gt=0, description="Texts a forward pass, of like length; larger is slower.")

    @property
    def dimension(self) -> int:
        """As the conversion wrote it down."""
        return self.loaded().facts["dimension"]

    @property
    def workers(self) -> int:
        """One for each thread."""
        return self.loaded().workers

    def tokens(self, texts: Sequence[str]) -> list[Tokens]:
        """What the model reads of each text."""
        found = self.loaded().encoded(texts, self.max_tokens)
        return [Tokens(encoding.ids, encoding.offsets) for encoding in found]

    def forward(self, batch: list[Sequence[int]]) -> list[np.ndarray]:
        """The last layer's states, without those of the padding."""
        states = np.array(self.loaded().model.forward_batch(batch).last_hidden_state)
        return [row[: len(ids)] for row, ids in zip(states, batch, strict=True)]
