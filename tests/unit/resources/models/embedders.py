"""Embedders for the tests of this directory."""

import zlib

import numpy as np

from resources.models.roles import Embedder

EMBEDDED: list[str] = []  # outside the resource: Dagster copies resources, and a copy's recordings vanish


class WordEmbedder(Embedder):
    """Texts that share words get near vectors: each word has a fixed direction, and a text is their sum."""

    name: str = "words-1"

    @property
    def version(self) -> str:
        return self.name

    def embed(self, texts):
        EMBEDDED.extend(texts)
        sums = np.array([sum(_direction(word) for word in text.lower().split()) for text in texts])
        return (sums / np.linalg.norm(sums, axis=1, keepdims=True)).astype(np.float32)


def _direction(word: str) -> np.ndarray:
    return np.random.default_rng(zlib.crc32(word.encode())).standard_normal(64)
