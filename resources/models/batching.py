"""Batches of sequences of like length: less padding to compute, results in the order of the input."""

from collections.abc import Callable, Iterable, Sequence, Sized
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item", bound=Sized)
Result = TypeVar("Result")


def in_batches(
    items: Sequence[Item], size: int, run: Callable[[list[Item]], Iterable[Result]], workers: int = 1
) -> list[Result]:
    """Give `run` the items, `size` at a time, longest first, and return its results in the order of `items`.

    Longest first, so that a batch too big for the memory fails at once; `workers` of them at a time. Raises
    ValueError where `run` returns another number of results than it was given items.
    """
    order = sorted(range(len(items)), key=lambda index: -len(items[index]))
    places = [order[start : start + size] for start in range(0, len(order), size)]
    batches = [[items[index] for index in indexes] for indexes in places]
    with ThreadPoolExecutor(workers) as pool:
        found = pool.map(run, batches) if workers > 1 else map(run, batches)
        results = {i: r for indexes, rs in zip(places, found, strict=True) for i, r in zip(indexes, rs, strict=True)}
    return [results[index] for index in range(len(items))]
