"""The default embedder's vector of one text, for a command that cannot wait the two seconds that Dagster takes to load.

It has the role's version and gives the role's vector (`ctranslate2_embedder.py`); a test compares the two.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from resources.models import converted
from resources.models.loaded import load, weights_here
from resources.models.token_states import pooled

MAX_TOKENS, COMPUTE_TYPE = 256, "int8"  # the role's defaults


class QueryEmbedder(NamedTuple):
    """The embedder over the weights of `source`, converted in `cache_dir`."""

    source: str
    cache_dir: str

    @property
    def version(self) -> str:
        """The role's version. Raises ModelNotAvailable."""
        return f"{Path(self.source).name}@{self._weights()}:{MAX_TOKENS}:ctranslate2:{COMPUTE_TYPE}"

    def embed(self, text: str) -> np.ndarray:
        """Return float32 of shape (dimension,), of length 1. Raises ModelNotAvailable."""
        directory = converted.directory_of(self.cache_dir, self.source, self._weights(), COMPUTE_TYPE)
        loaded = load(directory, self.source, "Encoder", COMPUTE_TYPE, 1)
        (encoding,) = loaded.encoded([text], MAX_TOKENS)
        return pooled(np.array(loaded.model.forward_batch([encoding.ids]).last_hidden_state)[0])

    def _weights(self) -> str:
        return weights_here(self.source, None, self.cache_dir, COMPUTE_TYPE).version
