"""Batches of sequences of like length: less padding to compute, results in the order of the input."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item", bound=Sequence)
Result = TypeVar("Result")


def in_batches(
    items: Sequence[Item], size: int, run: Callable[[list[Item]], Iterable[Result]], workers: int = 1
) -> list[Result]:
    """Give `run` the items, `size` at a time, longest first, and return its results in the order of `items`.

    Longest first, so that a batch too big for the memory fails at once; `workers` of them at a time. Equal items are
    run once. Raises ValueError where `run` returns another number of results than it was given items.
    """
    distinct = {tuple(item): item for item in items}
    order = sorted(distinct, key=len, reverse=True)
    places = [order[start : start + size] for start in range(0, len(order), size)]
    batches = [[distinct[key] for key in keys] for keys in places]
    with ThreadPoolExecutor(workers) as pool:
        found = pool.map(run, batches) if workers > 1 else map(run, batches)
        results = {k: r for keys, rs in zip(places, found, strict=True) for k, r in zip(keys, rs, strict=True)}
    return [results[tuple(item)] for item in items]
