"""A Lance table in a bucket, the format that LanceDB reads: rows by key, written in order of age, found by vector.

A row carries a stamp that sorts as text, as every record does; the table itself refuses a write with an older one than
what stands. Lance speaks to S3 by a client of its own. Nothing here loads boto3 or Dagster: a search need not wait for
them.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from resources.lance_client import one_of, said, storage_options
from resources.lance_indexes import (
    GROWTH,
    VECTOR,
    WORDS,
    Growth,
    has_index,
    index_vectors,
    index_words,
    probes,
    unindexed,
)

if TYPE_CHECKING:  # a tenth of a second, and in a run nothing until its last step
    import numpy as np
    import pyarrow as pa

STAMP, SECOND, ETAG = "stamp", "last_modified", "etag"
CONFLICTS = 30  # commits of others that a write makes way for
# A write adds a file, and a search opens each. Merged ones are no larger than serves a server that reads a whole object
# for any part of it, as the local one does.
FRAGMENTS, FILE_ROWS = 64, 8_192
KEPT = timedelta(hours=1)  # versions for searches that began before
# Two versions of the source in one second: their age does not tell which is the newer.
TIES = f"target.{SECOND} = source.{SECOND} AND target.{ETAG} <> source.{ETAG}"
OLDER = f"target.{STAMP} <= source.{STAMP} AND NOT ({TIES})"


class NoTable(LookupError):
    """There is no such table."""


class Facts(NamedTuple):
    """A table's size: rows, files, rows that the index of vectors has not taken in (all, where there is none)."""

    rows: int
    fragments: int
    unindexed: int


class LanceTable:
    """The table at `uri`; its schema has the columns `key` and `text`, those of a row's age, and the vector."""

    def __init__(
        self, uri: str, key: str, text: str, schema: "Callable[[], pa.Schema]", growth: Growth = GROWTH
    ) -> None:
        self.uri = uri
        self._key = key
        self._text = text
        self._schema = schema
        self._growth = growth

    def upsert(self, rows: "pa.Table", is_current: Callable[[str, str], bool]) -> int:
        """Write the rows that no newer one stands before, and return how many that were.

        Of two versions of one second that stands whose key and etag `is_current` affirms. Raises IndexUnavailable.
        """
        with said():
            written = self._merge(rows, OLDER)
            ages = [self._key, SECOND, ETAG]
            standing = {row[self._key]: row for row in self.rows(rows[self._key].to_pylist(), ages)}
            tied = [
                number
                for number, row in enumerate(rows.select(ages).to_pylist())
                if _tie(row, standing.get(row[self._key])) and is_current(row[self._key], row[ETAG])
            ]
            return written + (self._merge(rows.take(tied), TIES) if tied else 0)

    def put(self, rows: "pa.Table") -> None:
        """Write the rows over whatever stands. Raises IndexUnavailable."""
        with said():
            self._merge(rows, None)

    def delete(self, where: str) -> None:
        """Delete the rows that `where` holds for. Raises NoTable, IndexUnavailable."""
        with said():
            self.opened().delete(where, conflict_retries=CONFLICTS)

    def rows(self, keys: Iterable[str], columns: Sequence[str]) -> list[dict[str, Any]]:
        """The rows of these keys that are there. Raises NoTable, IndexUnavailable."""
        wanted = one_of(self._key, keys)
        with said():
            return self.opened().to_table(columns=list(columns), filter=wanted).to_pylist() if wanted else []

    def columns(self, where: str, columns: Sequence[str]) -> "pa.Table":
        """These columns of the rows that `where` holds for, in no order. Raises NoTable, IndexUnavailable."""
        with said():
            return self.opened().to_table(columns=list(columns), filter=where or None)

    def nearest(self, vector: "np.ndarray", where: str, columns: Sequence[str], limit: int) -> list[dict[str, Any]]:
        """The rows that `where` holds for, nearest first, each with its cosine similarity as `score`.

        The condition is applied before the `limit` nearest are taken. Raises NoTable, IndexUnavailable.
        """
        refine = max(self._growth.refine, self._growth.candidates // limit)
        with said():
            partitions = probes(self.opened(), self._growth, where, refine * limit)
        how = {"column": VECTOR, "q": vector, "k": limit, "metric": "cosine"}
        growth = {"minimum_nprobes": partitions, "refine_factor": refine}
        found = self._found("_distance", where, columns, nearest={**how, **growth})
        return [{"score": 1 - row.pop("_distance"), **row} for row in found]

    def matching(self, words: str, where: str, columns: Sequence[str], limit: int) -> list[dict[str, Any]]:
        """The rows that `where` holds for whose text has some of the words, best first by BM25 as `score`.

        Raises NoTable, IndexUnavailable.
        """
        with said():
            indexed = has_index(self.opened(), WORDS)
        if not indexed:
            return []  # its maker is about to make that, or died before it could: then the next merge of files does
        query = {"query": words, "columns": [self._text]}
        found = self._found("_score", where, columns, full_text_query=query, limit=limit)
        return [{"score": row.pop("_score"), **row} for row in found]

    def _found(self, score: str, where: str, columns: Sequence[str], **wanted: Any) -> list[dict[str, Any]]:
        # A tombstone has neither vector nor text, so none is found: to ask for rows that have one would read them all.
        with said():
            scanner = self.opened().scanner(
                columns=[*columns, score],
                filter=where or None,
                prefilter=True,
                disable_scoring_autoprojection=True,
                **wanted,
            )
            return scanner.to_table().to_pylist()

    def facts(self) -> Facts:
        """The table's size. Raises NoTable, IndexUnavailable."""
        with said():
            dataset = self.opened()
            return Facts(dataset.count_rows(), len(dataset.get_fragments()), unindexed(dataset))

    def tend(self) -> bool:
        """Merge files where small ones have become many, and let the index take in what is new; True where it did.

        Raises IndexUnavailable, also where another writer is at the same files.
        """
        with said():
            if self.opened().stats.dataset_stats(FILE_ROWS // 2)["num_small_files"] < FRAGMENTS:
                return False
            self._settle(whole=False)
            self.opened().cleanup_old_versions(KEPT)
            return True

    def settle(self) -> None:
        """Merge files and the parts of the indexes, and make one of the vectors where there are enough."""
        with said():
            self._settle(whole=True)

    def index_text(self) -> None:
        """Index the words of the rows as they are; what an older index knew of others goes with its version."""
        index_words(self.opened(), self._text)

    def opened(self, version: int | None = None) -> Any:
        """Lance's own dataset, as it stands now or stood. Raises NoTable."""
        import lance

        try:
            return lance.dataset(self.uri, version=version, storage_options=storage_options())
        except ValueError as error:
            if "was not found" not in str(error):
                raise
            raise NoTable(self.uri) from None

    def _settle(self, *, whole: bool) -> None:
        self.opened().optimize.compact_files(target_rows_per_fragment=FILE_ROWS)
        if has_index(self.opened(), WORDS):
            self.opened().optimize.optimize_indices(index_names=[WORDS])
        else:
            self.index_text()
        index_vectors(self.opened(), self._growth, whole=whole)

    def _merge(self, rows: "pa.Table", where: str | None) -> int:
        merge = self._made().merge_insert(self._key).when_matched_update_all(where).when_not_matched_insert_all()
        done = merge.conflict_retries(CONFLICTS).execute(rows)
        return done["num_inserted_rows"] + done["num_updated_rows"]

    def _made(self) -> Any:
        """The table, made where there is none; of two that make it at once one wins, and both get it.

        `write_dataset` would not do: the one that comes second would write a new version of nothing over the first's.
        """
        import lance

        try:
            return self.opened()
        except NoTable:
            pass
        nothing = lance.LanceOperation.Overwrite(self._schema(), [])
        try:
            lance.LanceDataset.commit(self.uri, nothing, storage_options=storage_options(), max_retries=0)
        except (OSError, ValueError) as error:
            try:
                return self.opened()
            except NoTable:
                raise error from None
        self.index_text()
        return self.opened()


def _tie(row: Mapping[str, Any], rival: Mapping[str, Any] | None) -> bool:
    return rival is not None and rival[SECOND] == row[SECOND] and rival[ETAG] != row[ETAG]
