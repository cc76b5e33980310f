"""How well reported duplicates are found: by vector, by full text (BM25) and by both (reciprocal rank fusion).

The argument is a file of JSON lines with `id`, `subject`, `body` and `dups`, the ids of reported duplicates; it is no
part of this project. For each row that has some they are looked for among all others: by its subject and body, as
`tickets similar` does, and by its subject alone, as somebody would type it.
"""

import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from rich.table import Table

from bench.common import console, save
from ticket_assets.definitions import build_models
from ticket_assets.settings import load_settings

DEPTH = 50  # candidates of each ranking that are fused
RRF = 60  # Cormack, Clarke & Büttcher 2009
FIGURES = ("hit@1", "hit@5", "mrr")
Ranking = list[str]


class Query(NamedTuple):
    """What is asked, by text and by vector; the row's own id, which is not counted, and the right answers."""

    own: str
    text: str
    vector: np.ndarray
    right: set[str]


def main(path: Path) -> None:
    """Measure, print, and save to bench/results."""
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    embed = build_models(load_settings()).embedder.embed
    vectors = embed([f"{row['subject']}\n{row['body']}".strip() for row in rows])
    asked = [number for number, row in enumerate(rows) if row["dups"]]
    subjects = embed([rows[number]["subject"] for number in asked])
    whole = [_query(rows[n], f"{rows[n]['subject']}\n{rows[n]['body']}", vectors[n]) for n in asked]
    typed = [_query(rows[n], rows[n]["subject"], vector) for n, vector in zip(asked, subjects, strict=True)]
    with tempfile.TemporaryDirectory() as folder:
        ways = _ways(_dataset(folder, rows, vectors))
        found = {}
        for kind, queries in {"by subject and body": whole, "by subject": typed}.items():
            ranks = {name: [rank(way(query), query) for query in queries] for name, way in ways.items()}
            for name, own in ranks.items():
                found[f"{name}, {kind}"] = {**figures(own), "gain": gain(own, ranks["vector"])}
    table = Table("way", "hit@1", "hit@5", "MRR", "MRR less vector's, 95 %", title=f"{len(asked)} of {len(rows)} rows")
    for name, each in found.items():
        table.add_row(name, *(f"{each[figure]:.3f}" for figure in FIGURES), "{:+.3f} to {:+.3f}".format(*each["gain"]))
    console.print(table)
    save("search_quality", {"rows": len(rows), "queries": len(asked), "found": found})


def rank(ranking: Ranking, query: Query) -> int | None:
    """The place, from 1, of the first right answer; None where it is not among the first DEPTH."""
    others = [name for name in ranking if name != query.own]
    return next((place for place, name in enumerate(others, 1) if name in query.right), None)


def figures(ranks: Sequence[int | None]) -> dict[str, float]:
    """The shares that are found at place 1 and among the first 5, and the mean reciprocal rank."""
    count = len(ranks)
    hits = {f"hit@{most}": sum(place is not None and place <= most for place in ranks) / count for most in (1, 5)}
    return {**hits, "mrr": sum(map(_reciprocal, ranks)) / count}


def gain(ranks: Sequence[int | None], baseline: Sequence[int | None]) -> tuple[float, float]:
    """Between what the gain in MRR lies in 95 % of 10,000 drawings of as many queries (a paired bootstrap)."""
    gains = np.array([_reciprocal(own) - _reciprocal(other) for own, other in zip(ranks, baseline, strict=True)])
    drawn = np.random.default_rng(1).integers(len(gains), size=(10_000, len(gains)))
    low, high = np.percentile(gains[drawn].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)


def _reciprocal(place: int | None) -> float:
    return 1 / place if place else 0.0


def fused(rankings: Iterable[Ranking]) -> Ranking:
    """One ranking of several: each gives 1 / (60 + place)."""
    scores: dict[str, float] = {}
    for ranking in rankings:
        for place, name in enumerate(ranking, 1):
            scores[name] = scores.get(name, 0) + 1 / (RRF + place)
    return sorted(scores, key=scores.__getitem__, reverse=True)


def _query(row: dict, text: str, vector: np.ndarray) -> Query:
    return Query(row["id"], text, vector, set(row["dups"]))


def _dataset(folder: str, rows: Sequence[dict], vectors: np.ndarray) -> Any:
    import lance
    import pyarrow as pa

    texts = [f"{row['subject']}\n{row['body']}" for row in rows]
    arrays = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
    columns = {"id": [row["id"] for row in rows], "subject": [row["subject"] for row in rows], "text": texts}
    made = lance.write_dataset(pa.table({**columns, "vector": arrays}), f"{folder}/tickets.lance")
    for column in ("text", "subject"):
        made.create_scalar_index(column, "INVERTED", stem=True, remove_stop_words=True, lower_case=True)
    return lance.dataset(f"{folder}/tickets.lance")


def _ways(dataset: Any) -> dict[str, Callable[[Query], Ranking]]:
    def names(**wanted: Any) -> Ranking:
        found = dataset.scanner(columns=["id"], limit=DEPTH, disable_scoring_autoprojection=True, **wanted).to_table()
        return found["id"].to_pylist()

    def vector(query: Query) -> Ranking:
        return names(nearest={"column": "vector", "q": query.vector, "k": DEPTH, "metric": "cosine"})

    def text(query: Query, column: str = "text") -> Ranking:
        return names(full_text_query={"query": query.text, "columns": [column]})

    return {
        "vector": vector,
        "text": text,
        "text of subjects": lambda query: text(query, "subject"),
        "hybrid": lambda query: fused([vector(query), text(query)]),
        "hybrid with subjects": lambda query: fused([vector(query), text(query, "subject")]),
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]))
