"""What lists, counts and groups are made of, asked of the search index: few columns of many tickets, all of a few.

A ticket that is not in the index yet is not in them; `tickets reconcile` counts those.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from resources.lance_client import one_of
from resources.lance_indexes import VECTOR
from ticket_assets.domain.search import CUSTOMER, KEY, LABELS, LISTED
from ticket_assets.stores.search_conditions import opened
from ticket_assets.stores.search_index import SearchIndex

AT, INTENT, ALIVE = "created_at", "intent", "created_at IS NOT NULL"  # a tombstone has neither
MOST_RECENT, MOST_EARLIER = 4_000, 40_000  # vectors of 1.5 KB each


class Some(NamedTuple):
    """Some rows of a list, newest first, and how many there are in all."""

    rows: list[dict[str, Any]]
    total: int


class Times(NamedTuple):
    """When tickets were opened, in Unix seconds (n,), and their labels by name, each (n,)."""

    at: np.ndarray
    labels: dict[str, np.ndarray]


class Vectors(NamedTuple):
    """Ids, times (n,), unit vectors (n, 384), customers, intents of the newest tickets, newest first; `cut`: some."""

    ids: list[str]
    at: np.ndarray
    vectors: np.ndarray
    customers: list[str | None]
    intents: list[str]
    cut: bool


class IndexLists:
    """The lists over the index of one embedder. Each call raises NotIndexed and IndexUnavailable."""

    def __init__(self, index: SearchIndex, embedder: str) -> None:
        self._index = index
        self._embedder = embedder

    def newest(self, where: str, limit: int, skip: int = 0) -> Some:
        """The newest `limit` tickets that the condition, which may be empty, holds for, after `skip` newer ones."""
        table = self._columns(where, [KEY, AT])
        ids = np.array(table[KEY].to_pylist(), dtype=object)
        order = np.lexsort((ids.astype(str), -table[AT].to_numpy()))
        return Some(self.rows(ids[order[skip : skip + limit]].tolist()), len(ids))

    def rows(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        """What a list shows of the tickets of these ids that are there, in this order."""
        found = self._columns(one_of(KEY, ids), LISTED).to_pylist() if ids else []
        return sorted(found, key=lambda row: ids.index(row[KEY]))

    def times(self, since: int, until: int) -> Times:
        """When the tickets of these Unix seconds were opened, and their labels."""
        table = self._columns(opened(since, until), [AT, *LABELS])
        labels = {name: np.array(table[name].to_pylist(), dtype=str) for name in LABELS}
        return Times(table[AT].to_numpy(), labels)

    def vectors(self, since: int, until: int, most: int) -> Vectors:
        """The vectors of the newest `most` tickets of these Unix seconds."""
        at = np.sort(self._columns(opened(since, until), [AT])[AT].to_numpy())
        first = int(at[-most]) if len(at) > most else since
        table = self._columns(opened(first, until), [KEY, AT, CUSTOMER, INTENT, VECTOR])
        order = np.argsort(-table[AT].to_numpy(), kind="stable")[:most]
        table = table.take(order)
        flat = table[VECTOR].combine_chunks().flatten().to_numpy()
        shape = (len(table), -1) if len(table) else (0, 0)
        return Vectors(
            table[KEY].to_pylist(), table[AT].to_numpy(), flat.reshape(shape), table[CUSTOMER].to_pylist(),
            table[INTENT].to_pylist(), cut=len(at) > most,
        )  # fmt: skip

    def left_out(self) -> int:
        """How many tickets tables of other embedders alone have: none of them is in these lists."""
        others = [name for name, made_by in self._index.embedders().items() if made_by not in {"", self._embedder}]
        theirs = (self._index.named(name).columns(ALIVE, [KEY]) for name in others)
        ids = {ticket for table in theirs for ticket in table[KEY].to_pylist()}
        return len(ids.difference(self._columns("", [KEY])[KEY].to_pylist())) if ids else 0

    def _columns(self, where: str, columns: Sequence[str]) -> Any:
        return self._index.columns(self._embedder, f"{ALIVE} AND {where}" if where else ALIVE, columns)
