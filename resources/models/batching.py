"""Batches of sequences of like length: less padding to compute, results in the order of the input."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item", bound=Sequence)
Result = TypeVar("Result")


def in_batches(
    items: Sequence[Item],
    size: int,
    run: Callable[[list[Item]], Iterable[Result]],
    workers: int = 1,
    pairs: int = sys.maxsize,
) -> list[Result]:
    """Give `run` the items, `size` at a time, longest first, and return its results in the order of `items`.

    A batch has fewer where its items, padded to the longest, would have more than `pairs` pairs of tokens: the memory
    of attention grows with those. Longest first, so that a batch too big for the memory fails at once; `workers` of
    them at a time. Equal items are run once. Raises ValueError where `run` returns another number of results than it
    was given items.
    """
    distinct = {tuple(item): item for item in items}
    order = sorted(distinct, key=len, reverse=True)
    places = list(_split(order, size, pairs))
    batches = [[distinct[key] for key in keys] for keys in places]
    with ThreadPoolExecutor(workers) as pool:
        found = pool.map(run, batches) if workers > 1 else map(run, batches)
        results = {k: r for keys, rs in zip(places, found, strict=True) for k, r in zip(keys, rs, strict=True)}
    return [results[tuple(item)] for item in items]


def _split(order: Sequence[tuple], size: int, pairs: int) -> Iterator[Sequence[tuple]]:
    """The items from longest to shortest, in batches of at most `size` items and, of more than one, `pairs`."""
    start = 0
    while start < len(order):
        fitting = pairs // max(1, len(order[start])) ** 2
        end = start + max(1, min(size, fitting))
        yield order[start:end]
        start = end
