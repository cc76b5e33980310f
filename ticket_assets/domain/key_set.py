"""Many keys in little memory: 8 bytes each, so that the keys of a million tickets in flight are 8 MB."""

from collections.abc import Iterable

import numpy as np


class KeySet:
    """Whether a key is among these. A wrong yes has odds of one in 2**64 for each key that is held."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._hashes = np.unique(np.fromiter((hash(key) for key in keys), dtype=np.int64))

    def __contains__(self, key: str) -> bool:
        wanted = hash(key)
        place = int(np.searchsorted(self._hashes, wanted))
        return place < len(self._hashes) and int(self._hashes[place]) == wanted
