"""Batches of texts of like length: less padding to compute, results in the order of the input."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_batches(
    items: Sequence[Item], lengths: Sequence[int], size: int, run: Callable[[list[Item]], Iterable[Result]]
) -> list[Result]:
    """Give `run` the items, `size` at a time, longest first, and return its results in the order of `items`.

    Longest first, so that a batch too big for the memory fails at once. Raises ValueError where `run` returns
    another number of results than it was given items.
    """
    order = sorted(range(len(items)), key=lambda index: -lengths[index])
    results: dict[int, Result] = {}
    for start in range(0, len(order), size):
        indexes = order[start : start + size]
        results.update(zip(indexes, run([items[index] for index in indexes]), strict=True))
    return [results[index] for index in range(len(items))]
