"""What an encoder said of each token: the vector it makes, and the states kept for who asks for parts soon after."""

import threading
from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np

# Of 256 texts of 256 tokens 384 float32 take 100 MB.
MOST_BYTES = 128 * 2**20


class Tokens(NamedTuple):
    """A text's token ids, and the characters that each stands for, from and to; a special token's are (0, 0)."""

    ids: Sequence[int]
    offsets: Sequence[tuple[int, int]]

    def within(self, part: slice) -> np.ndarray:
        """Which tokens lie in these characters, as booleans of shape (tokens,)."""
        begin, end = np.array(self.offsets, dtype=np.intp).reshape(-1, 2).T
        return (begin >= part.start) & (end <= part.stop) & (end > begin)


def pooled(states: np.ndarray) -> np.ndarray:
    """Mean pooling and normalisation (Reimers & Gurevych 2019), as MiniLM's own config says."""
    mean = states.mean(axis=0) if len(states) else np.zeros(states.shape[1], dtype=np.float32)
    return mean / (np.linalg.norm(mean) or 1.0)


class TokenStates:
    """States by key, each float32 of shape (tokens, dimension); beyond `most_bytes` the oldest go. Thread-safe."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._kept: dict[Hashable, np.ndarray] = {}
        self._bytes = 0
        self._lock = threading.Lock()

    def keep(self, key: Hashable, states: np.ndarray) -> None:
        """Keep them until they are taken, or too many others came."""
        with self._lock:
            self._drop(key)
            self._kept[key] = states
            self._bytes += states.nbytes
            while self._bytes > self._most:
                self._drop(next(iter(self._kept)))

    def take(self, key: Hashable) -> np.ndarray | None:
        """What was kept, once."""
        with self._lock:
            return self._drop(key)

    def _drop(self, key: Hashable) -> np.ndarray | None:
        states = self._kept.pop(key, None)
        self._bytes -= 0 if states is None else states.nbytes
        return states
