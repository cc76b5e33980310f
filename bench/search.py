"""The search index as it grows: a batch's write, a search, the whole command, space, and the work of merging files.

Synthetic vectors in 300 clusters, over the local server; TICKETS_MODELS' own embedder reads the command's text. The
sizes are SEARCH_SIZES (1000,10000,100000).
"""

import os
import statistics
import subprocess
import sys
from typing import Any

import numpy as np
from rich.table import Table

from bench.common import console, save, seconds_of
from bench.server import local_server
from resources.lance_table import FRAGMENTS
from resources.object_store import S3ObjectStore
from resources.ordering import Record, Stamp
from ticket_assets.domain.models import EMBEDDING_DIMENSION, EnrichedTicket
from ticket_assets.domain.search import LISTED, Filters
from ticket_assets.settings import Settings, load_settings
from ticket_assets.stores.search_conditions import passing
from ticket_assets.stores.search_index import PREFIX, SearchIndex, Written
from tickets_cli.search import query_embedder

BATCH, LOADED, TIMES, WANTED = 256, 5_000, 8, 10
MOST = 2 * FRAGMENTS  # writes of which one must have merged files
CLUSTERS, SPREAD = 300, 0.7
URGENCIES = ("critical", "high", "medium", "low")
WORDS = "The report exports nothing since the update of Monday, and the page only says that it will try again."


def main() -> None:
    """Measure each size, print, and save to bench/results."""
    sizes = [int(size) for size in os.environ.get("SEARCH_SIZES", "1000,10000,100000").split(",")]
    with local_server():
        found = {f"{size:,}": Growing(load_settings()).measured(size) for size in sizes}
    table = Table("figure", *found)
    for figure in next(iter(found.values())):
        table.add_row(figure, *(f"{figures[figure]:,.3f}" for figures in found.values()))
    console.print(table)
    save("search", found)


class Growing:
    """An index of its own."""

    def __init__(self, settings: Settings) -> None:
        self._random = np.random.default_rng(7)
        self._centres = self._random.standard_normal((CLUSTERS, EMBEDDING_DIMENSION))
        self._embedder = query_embedder(settings).version
        self._store = S3ObjectStore(bucket=settings.pipeline_bucket)
        self._store.delete_versions(list(self._store.list_versions(PREFIX)))
        self._index = SearchIndex(settings.pipeline_bucket)
        self._table = self._index.table(self._embedder)

    def measured(self, size: int) -> dict[str, float]:
        """Fill it with so many tickets and measure."""
        for first in range(0, size, LOADED):
            self._write(range(first, min(size, first + LOADED)), age=1)
        settled = seconds_of(self._table.settle)
        writes = [self._write(_batch(size, k), age=1) for k in range(TIMES)]
        writes += [self._write(_batch(0, k % 3), age=2 + k) for k in range(TIMES)]
        seconds = [each for each, _ in writes]
        fresh, changed = seconds[:TIMES], seconds[TIMES:]
        filtered = Filters(urgency="critical", since=100)
        found = {
            "upsert of 256 new, median s": statistics.median(fresh),
            "upsert of 256 new, worst s": max(fresh),
            "upsert of 256 changed, median s": statistics.median(changed),
            "upsert of 256 changed, worst s": max(changed),
            "search in a process, median s": self._asked(Filters()),
            "search with filters in a process, median s": self._asked(filtered),
            "`tickets search`, median wall s": statistics.median(seconds_of(_command) for _ in range(5)),
            "recall@10": self._recall(Filters()),
            "recall@10 of one customer's": self._recall(Filters(customer="CUST-7")),
            "merging files and indexing, s": settled,
            "files": sum(1 for _ in self._store.list_keys(PREFIX)),
            "MB": sum(file.size for file in self._store.list_objects(PREFIX)) / 1e6,
        }
        return {**found, **self._tending(size, writes)}

    def _tending(self, size: int, writes: list[tuple[float, bool]]) -> dict[str, float]:
        """Go on with new batches after these writes until one has merged the files that they left.

        Last of all, so that what else is measured is measured of small files beside the merged ones.
        """
        while not writes[-1][1]:
            if len(writes) == MOST:
                raise RuntimeError(f"no write of {MOST} merged files")
            writes.append(self._write(_batch(size, len(writes)), age=1))
        seconds = [each for each, _ in writes]
        return {
            "upsert that merges files too, s": seconds[-1],
            "upsert of 256, mean until then, s": statistics.mean(seconds),
            "upserts until then": len(seconds),
        }

    def _write(self, numbers: range, age: int) -> tuple[float, bool]:
        """Seconds of the write alone, and whether it merged files."""
        vectors = self._vectors(len(numbers)).tolist()
        records = [self._record(n, age, vector) for n, vector in zip(numbers, vectors, strict=True)]
        done: list[Written] = []
        seconds = seconds_of(lambda: done.extend(self._index.upsert(records, lambda *_: False)))
        return seconds, any(each.tended for each in done)

    def _vectors(self, count: int) -> np.ndarray:
        noise = SPREAD * self._random.standard_normal((count, EMBEDDING_DIMENSION))
        found = (self._centres[self._random.integers(CLUSTERS, size=count)] + noise).astype(np.float32)
        return found / np.linalg.norm(found, axis=1, keepdims=True)

    def _record(self, number: int, age: int, vector: list[float]) -> Record[EnrichedTicket]:
        labels: dict[str, Any] = {"intent": "bug_report", "urgency": URGENCIES[number % 4], "sentiment": "NEGATIVE"}
        made = {
            **labels,
            **{f"{name}_confidence": 0.5 for name in labels},
            "embedding": vector,
            "summary": WORDS,
            "processed_at": "2026-01-01T00:00:00Z",
            "model_version": f"embedded/{self._embedder}/other@1",
        }
        ticket_id = f"TKT-20261123-{number:08}"
        ticket = {"subject": WORDS[:50], "body": "", "created_at": number, "customer_id": f"CUST-{number % 997}"}
        body = EnrichedTicket.model_validate({"ticket_id": ticket_id, **ticket, "enrichment": made})
        stamp = Stamp(last_modified=age, read_at=1, run_start=1, etag=f"e{age}")
        key = f"{ticket_id}.json"
        return Record[EnrichedTicket](key=key, source=key, stamp=stamp, labels={"batch": "b"}, body=body)

    def _asked(self, filters: Filters) -> float:
        def ask(vector: np.ndarray) -> None:
            self._index.search(self._embedder, WORDS, vector, filters, WANTED)

        return statistics.median(seconds_of(lambda vector=vector: ask(vector)) for vector in self._vectors(TIMES))

    def _recall(self, filters: Filters) -> float:
        """Of the ten nearest that pass, by comparison with every vector, how many the search finds."""
        found = there = 0
        for vector in self._vectors(20):
            hits = {hit["ticket_id"] for hit in self._index.near(self._embedder, vector, filters, WANTED)}
            nearest = {"column": "vector", "q": vector, "k": WANTED, "metric": "cosine", "use_index": False}
            asked = {"columns": [LISTED[0], "_distance"], "filter": passing(filters) or None, "prefilter": True}
            exact = set(self._table.opened().to_table(nearest=nearest, **asked)[LISTED[0]].to_pylist())
            found, there = found + len(hits & exact), there + len(exact)
        return found / there


def _batch(first: int, number: int) -> range:
    return range(first + number * BATCH, first + (number + 1) * BATCH)


def _command() -> None:
    command = [sys.executable, "-m", "tickets_cli.quick", "search", WORDS, "--urgency", "critical", "--json"]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own command


if __name__ == "__main__":
    main()
