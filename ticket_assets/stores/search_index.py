"""The search index: a vector and the list fields of each ticket, in a Lance table for each embedder.

A row has its record's stamp, so that an older version never replaces a newer one; a tombstone is a row without a vector
whose stamp is newer than any. A search loads neither boto3 nor Dagster.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from resources.lance_client import IndexUnavailable, one_of, quoted
from resources.lance_indexes import GROWTH, VECTOR, Growth
from resources.lance_table import ETAG, SECOND, STAMP, Facts, LanceTable, NoTable
from ticket_assets.domain.models import EMBEDDING_DIMENSION
from ticket_assets.domain.search import DEPTH, KEY, LISTED, TEXT, Filters, embedder_of, fused, listed, table_name
from ticket_assets.stores.search_conditions import passing

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from resources.ordering import Record, Stamp
    from ticket_assets.domain.models import EnrichedTicket

log = logging.getLogger(__name__)

PREFIX = "search/"
EMBEDDER = b"embedder"  # in the schema's metadata
# Lance's own name for what makes of two inserts of one id a conflict.
PRIMARY_KEY = {"lance-schema:unenforced-primary-key": "true"}
Current = Callable[[str, str], bool]
ANEW = "backfill enrich_tickets in the Dagster UI, then `tickets reprocess --where model_version!=current`"
Decided = Mapping[str, Mapping[str, Any]]


class NotIndexed(LookupError):
    """What was asked for is not in the index; the message says what to do."""


class Written(NamedTuple):
    """What became of a batch's rows; `tended` where files were merged too."""

    written: int
    superseded: int
    tended: bool
    facts: Facts


class SearchIndex:
    """The tables below `search/` of the pipeline bucket."""

    def __init__(self, bucket: str, growth: Growth = GROWTH) -> None:
        self.bucket = bucket
        self._growth = growth

    def table(self, embedder: str) -> LanceTable:
        """The table of this embedder's vectors, which may not be there yet."""
        return self.named(table_name(embedder), embedder)

    def named(self, name: str, embedder: str = "") -> LanceTable:
        """The table of this name."""
        uri = f"s3://{self.bucket}/{PREFIX}{name}.lance"
        return LanceTable(uri, KEY, TEXT, lambda: _schema(embedder), self._growth)

    def upsert(
        self,
        records: "Sequence[Record[EnrichedTicket]]",
        is_current: Current,
        decided: Decided | None = None,
        *,
        tend: bool = True,
    ) -> list[Written]:
        """Write the records' rows, each to the table of the embedder that made its vector.

        `is_current` says of a raw object's key and ETag whether that is its current version; `decided` has of a ticket
        the columns that are not as in its record. With `tend` it merges small files where they have become many, which
        takes seconds, and now and then minutes. Raises IndexUnavailable.
        """
        rows = [{**_row(record), **(decided or {}).get(record.body.ticket_id, {})} for record in records]
        by_embedder = sorted(zip(records, rows, strict=True), key=_made_by)
        groups = groupby(by_embedder, key=_made_by)
        return [self._upsert(made_by, list(own), is_current, tend=tend) for made_by, own in groups]

    def near(self, embedder: str, vector: "np.ndarray", filters: Filters, limit: int) -> list[dict[str, Any]]:
        """The nearest tickets that pass the filters, nearest first, each with its cosine similarity as `score`.

        Raises NotIndexed, IndexUnavailable.
        """
        try:
            return self.table(embedder).nearest(vector, passing(filters), LISTED, limit)
        except NoTable:
            raise NotIndexed(self._explained(embedder)) from None

    def search(
        self, embedder: str, text: str, vector: "np.ndarray", filters: Filters, limit: int
    ) -> list[dict[str, Any]]:
        """The tickets that pass the filters and are best by the text's vector and by its words in their subjects.

        Each has its `score`, which two rankings give it (`fused`). Raises NotIndexed, IndexUnavailable.
        """
        table, where, depth = self.table(embedder), passing(filters), max(DEPTH, limit)
        try:
            near = table.nearest(vector, where, LISTED, depth)
            return fused([near, table.matching(text, where, LISTED, depth)])[:limit]
        except NoTable:
            raise NotIndexed(self._explained(embedder)) from None

    def vector_of(self, embedder: str, ticket_id: str) -> "np.ndarray":
        """The ticket's vector as it is stored. Raises NotIndexed, IndexUnavailable."""
        import numpy as np

        try:
            found = self.table(embedder).rows([ticket_id], [VECTOR])
        except NoTable:
            raise NotIndexed(self._explained(embedder)) from None
        if not found or found[0][VECTOR] is None:
            raise NotIndexed(self._missing(embedder, ticket_id))
        return np.asarray(found[0][VECTOR], dtype=np.float32)

    def columns(self, embedder: str, where: str, columns: Sequence[str]) -> "pa.Table":
        """These columns of the rows that `where` holds for, in no order. Raises NotIndexed, IndexUnavailable."""
        try:
            return self.table(embedder).columns(where, columns)
        except NoTable:
            raise NotIndexed(self._explained(embedder)) from None

    def stamps(self, embedder: str, ticket_ids: Iterable[str]) -> dict[str, str]:
        """The stamps of those of the tickets that are in the table. Raises IndexUnavailable."""
        try:
            return {row[KEY]: row[STAMP] for row in self.table(embedder).rows(ticket_ids, [KEY, STAMP])}
        except NoTable:
            return {}

    def put_tombstones(self, ticket_ids: Sequence[str], stone: "Stamp") -> None:
        """Let a row without a vector stand for each of the tickets, in every table, over whatever stands.

        Raises IndexUnavailable.
        """
        rows = [{KEY: ticket_id, **_age(stone)} for ticket_id in ticket_ids]
        for name, embedder in self.embedders().items():
            if rows:
                self.named(name).put(_rows(embedder, rows))

    def lift_tombstone(self, ticket_id: str, stone: "Stamp") -> None:
        """Remove the ticket's row of this stamp from every table. Raises IndexUnavailable."""
        for name in self.embedders():
            self.named(name).delete(f"{one_of(KEY, [ticket_id])} AND {STAMP} = {quoted(_age(stone)[STAMP])}")

    def _upsert(
        self, embedder: str, pairs: "list[tuple[Record, dict[str, Any]]]", is_current: Current, *, tend: bool
    ) -> Written:
        table = self.table(embedder)
        keys = {record.body.ticket_id: record.source for record, _ in pairs}
        rows = _rows(embedder, [row for _, row in pairs])
        written = table.upsert(rows, lambda ticket_id, etag: is_current(keys[ticket_id], etag))
        return Written(written, len(pairs) - written, tend and _tended(table), table.facts())

    def _explained(self, embedder: str) -> str:
        others = ", ".join(sorted(self.embedders().values()))
        if not others:
            return "the search index is empty: `tickets reindex` makes it of the enriched tickets"
        has = f"has no vectors of {embedder}, only of {others}, which cannot be compared with it"
        return f"the search index {has}: {ANEW}"

    def _missing(self, embedder: str, ticket_id: str) -> str:
        for name, other in self.embedders().items():
            if other not in {"", embedder} and any(row[VECTOR] for row in self.named(name).rows([ticket_id], [VECTOR])):
                return f"ticket {ticket_id} has a vector of {other} alone, not of {embedder}: {ANEW}"
        return (
            f"ticket {ticket_id} is not in the search index: `tickets where {ticket_id}` says what is known of it, "
            "`tickets reindex` brings in what is enriched and missing"
        )

    def embedders(self) -> dict[str, str]:
        """The embedder of each table by the table's name. Asks S3 for a listing."""
        found = {name: embedder_in(self.named(name)) for name in self.names()}
        return {name: embedder for name, embedder in found.items() if embedder}

    def names(self) -> list[str]:
        """The tables' names, also of those whose first write never came to an end. Asks S3 for a listing."""
        from resources.object_store import S3ObjectStore

        store = S3ObjectStore(bucket=self.bucket)
        return sorted({key.removeprefix(PREFIX).partition(".lance/")[0] for key in store.list_keys(PREFIX)})


def embedder_in(table: LanceTable) -> str:
    """Which embedder's vectors a table says that it holds; empty where there is no table."""
    try:
        return (table.opened().schema.metadata or {}).get(EMBEDDER, b"").decode()
    except NoTable:
        return ""


def columns() -> list[tuple[str, str]]:
    """A row's columns and their types."""
    return [(field.name, str(field.type)) for field in _schema("")]


def _tended(table: LanceTable) -> bool:
    try:
        return table.tend()
    except IndexUnavailable as error:  # as where another run merges the same files: the rows are written all the same
        log.warning("files were not merged: %s", error)
        return False


def _made_by(pair: "tuple[Record[EnrichedTicket], dict[str, Any]]") -> str:
    return embedder_of(pair[0].body.enrichment.model_version)


def _row(record: "Record[EnrichedTicket]") -> dict[str, Any]:
    shown = listed(record.body, record.labels["batch"])
    return {**shown, **_age(record.stamp), VECTOR: record.body.enrichment.embedding}


def _age(stamp: "Stamp") -> dict[str, Any]:
    return {STAMP: stamp.attributes()["stamp"], SECOND: stamp.last_modified, ETAG: stamp.etag}


def _rows(embedder: str, rows: list[dict[str, Any]]) -> "pa.Table":
    import pyarrow as pa

    return pa.Table.from_pylist(rows, schema=_schema(embedder))


def _schema(embedder: str) -> "pa.Schema":
    import pyarrow as pa

    types = {"created_at": pa.int64(), **{name: pa.float32() for name in LISTED if name.endswith("_confidence")}}
    fields = [pa.field(name, types.get(name, pa.string())) for name in LISTED if name != KEY]
    key = pa.field(KEY, pa.string(), nullable=False, metadata=PRIMARY_KEY)
    age = {STAMP: pa.string(), SECOND: pa.int64(), ETAG: pa.string()}
    ages = [pa.field(name, type_, nullable=False) for name, type_ in age.items()]
    vector = pa.field(VECTOR, pa.list_(pa.float32(), EMBEDDING_DIMENSION))
    return pa.schema([key, *ages, *fields, vector], metadata={EMBEDDER: embedder.encode()})
