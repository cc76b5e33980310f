"""How fast this machine multiplies int8 matrices, and how many such operations a ticket needs: the least time it takes.

Measured with torch's int8 GEMM (`torch._int_mm`, oneDNN), in shapes of the models; only their linear layers are
counted, no attention, no softmax, no embedding.
"""

import time
from collections.abc import Mapping, Sequence

import numpy as np

SHAPES = ((512, 1024, 4096), (256, 384, 1536), (64, 1024, 4096))
REPEATS = 10
# Weights of the linear layers: layers * (attention + feed-forward).
MINILM = 6 * (4 * 384**2 + 2 * 384 * 1536)
DISTILBERT = 6 * (4 * 768**2 + 2 * 768 * 3072)
BART_ENCODER = 6 * (4 * 1024**2 + 2 * 1024 * 4096)
BART_DECODER = 6 * (6 * 1024**2 + 2 * 1024 * 4096) + 1024 * 50_264  # cross-attention's keys and values are made once
BART_CROSS = 6 * 2 * 1024**2
BEAMS = 4


def int8_operations_per_second() -> float:
    """The best of several shapes and repeats, on the threads that torch has."""
    import torch

    best = 0.0
    for rows, inner, columns in SHAPES:
        left = torch.randint(-127, 127, (rows, inner), dtype=torch.int8)
        right = torch.randint(-127, 127, (inner, columns), dtype=torch.int8)
        for _ in range(REPEATS):
            start = time.perf_counter()
            torch.ops.aten._int_mm(left, right)  # noqa: SLF001 - torch has no public name for it
            best = max(best, 2 * rows * inner * columns / (time.perf_counter() - start))
    return best


def operations(tokens: Mapping[str, Sequence[int]], new_tokens: int) -> dict[str, float]:
    """Mean operations a ticket by stage, by the tokens that its model reads of each text and the beams write."""
    mean = {stage: float(np.mean(counts)) for stage, counts in tokens.items()}
    written = BEAMS * (new_tokens - 1)
    return {
        "embedder": 2 * MINILM * mean["embedder"],
        "sentiment": 2 * DISTILBERT * mean["sentiment"],
        "summarizer": 2 * ((BART_ENCODER + BART_CROSS) * mean["summarizer"] + BART_DECODER * written),
    }
