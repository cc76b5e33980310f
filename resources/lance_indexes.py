"""The indexes of a Lance table: of its words, and of its vectors once there are enough of them."""

from math import ceil
from typing import Any, NamedTuple

VECTOR = "vector"
WORDS = "words"


class Growth(NamedTuple):
    """When a table gets an index of its vectors, how fine, and what a search asks of it.

    Below `rows` all vectors are compared. The index is made with as many partitions as the square root of the rows, of
    256 rows at least. What comes later gets a part of its own beside it; once there are `parts`, all become one, and
    Lance itself joins and splits partitions. A search looks into `probes` of them, into more where few rows pass a
    condition, and compares `candidates` by their whole vectors, or `refine` times as many as are wanted where that is
    more.
    """

    rows: int = 20_000
    sub_vectors: int = 96
    parts: int = 8
    probes: int = 20
    candidates: int = 100
    refine: int = 4


GROWTH = Growth()


def has_index(dataset: Any, name: str) -> bool:
    """Whether the dataset has an index of this name."""
    return any(index.name == name for index in dataset.describe_indices())


def index_words(dataset: Any, column: str) -> None:
    """Index the words of the rows as they are; what an older index knew of others goes with its version."""
    how = {"stem": True, "remove_stop_words": True, "lower_case": True}
    dataset.create_scalar_index(column, "INVERTED", name=WORDS, replace=True, **how)


def index_vectors(dataset: Any, growth: Growth, *, whole: bool) -> None:
    """Index the vectors once there are enough, then those that are new; as one part where the index is to be `whole`.

    To make one of several parts reads the index partition by partition: minutes at 100,000 vectors on a server that
    reads a whole object for any part of it, where a part of 16,000 new vectors takes half a second.
    """
    rows = dataset.count_rows()
    if has_index(dataset, VECTOR):
        parts = dataset.stats.index_stats(VECTOR)["num_indices"]
        joined = parts if whole or parts >= growth.parts else 0
        dataset.optimize.optimize_indices(index_names=[VECTOR], num_indices_to_merge=joined)
    elif rows >= growth.rows:
        shape = {"num_partitions": int(rows**0.5), "num_sub_vectors": growth.sub_vectors}
        dataset.create_index(VECTOR, "IVF_PQ", name=VECTOR, metric="cosine", **shape)


def unindexed(dataset: Any) -> int:
    """The rows that the index of vectors has not taken in: all, where there is none."""
    if not has_index(dataset, VECTOR):
        return dataset.count_rows()
    return dataset.stats.index_stats(VECTOR)["num_unindexed_rows"]


def probes(dataset: Any, growth: Growth, where: str, candidates: int) -> int:
    """Into how many partitions to look: where few rows pass, into so many as have `candidates` of them in the mean.

    Lance itself would stop as soon as it has as many as are wanted.
    """
    rows = dataset.count_rows()
    if not where or rows < growth.rows:
        return growth.probes
    passing = dataset.count_rows(where)
    return max(growth.probes, ceil(rows**0.5 * candidates / max(passing, 1)))
