"""Erasure from the rows between assets: Parquet files are written again without the tickets' rows."""

from collections.abc import Iterable
from contextlib import suppress
from itertools import groupby

from resources.aws import concurrently, in_groups
from resources.object_store import ObjectMissing, S3ObjectStore, Version, WriteConflict
from resources.parquet import rows_holding, without_rows
from resources.parquet_io import CONTENT_TYPE
from ticket_assets.domain.erasure import Wanted
from ticket_assets.domain.intake import object_key
from ticket_assets.stores.batches import Batches
from ticket_assets.stores.erasure import Place, Search, is_theirs

FILES = "assets/"
WITH_CUSTOMER = "assets/raw_tickets/"  # the only rows that say whose a ticket is
READ_AT_ONCE = 64  # files, of up to about a megabyte


class ParquetFiles:
    """The Parquet files of every batch, all versions."""

    def __init__(self, pipeline: S3ObjectStore, records: S3ObjectStore) -> None:
        self._store = pipeline
        self._records = records
        self._batches = Batches(pipeline)

    def search(self, wanted: Wanted) -> Search:
        """The files with rows of the wanted tickets or of the customer.

        Read are the files of batches whose manifest names a wanted ticket and, for a customer, every file of raw rows.
        """
        batches = {_batch(version.key) for version in self._store.list_versions(FILES)}
        naming = {batch for group in in_groups(batches, 256) for batch in self._naming(wanted, group)}
        by_file = groupby(self._store.list_versions(FILES), key=lambda version: version.key)
        files = (
            (key, list(versions))
            for key, versions in by_file
            if _batch(key) in naming or (wanted.customer is not None and key.startswith(WITH_CUSTOMER))
        )
        read, places = 0, []
        for group in in_groups(files, READ_AT_ONCE):
            read += len(group)
            places += filter(None, concurrently(lambda file: self._place(wanted, *file), group))
        return Search(f"s3://{self._store.bucket}/{FILES}", f"{len(batches):,} batches, {read:,} files", places)

    def _naming(self, wanted: Wanted, batches: Iterable[str]) -> list[str]:
        def names(batch: str) -> bool:
            try:
                return not wanted.keys.isdisjoint(self._batches.manifest(batch).keys)
            except ObjectMissing:
                return True  # nothing tells what the file holds: it is read

        batches = list(batches)
        return [batch for batch, yes in zip(batches, concurrently(names, batches), strict=True) if yes]

    def _place(self, wanted: Wanted, key: str, versions: list[Version]) -> Place | None:
        rows: list[dict[str, str]] = []
        for version in versions:
            stored = self._store.find_version(version)
            try:
                rows += rows_holding(stored.body, wanted.columns()) if stored else []
            except ValueError:
                return Place(f"{key}, whole: it cannot be read", frozenset(), lambda: self._delete(key))
        if not rows:
            return None
        tickets = {object_key(row["ticket_id"]) for row in rows if "ticket_id" in row}
        # A ticket that was the customer's in this batch may be another's since: then this row alone goes.
        theirs = frozenset(ticket for ticket in tickets if is_theirs(self._records, wanted, ticket))
        return Place(f"{key}, {len(rows)} rows", theirs, lambda: self._rewrite(wanted, key))

    def _delete(self, key: str) -> None:
        self._store.delete_versions(self._store.versions_of(key))

    def _rewrite(self, wanted: Wanted, key: str) -> None:
        stored = self._store.find(key)
        kept = without_rows(stored.body, wanted.columns()) if stored else b""
        if stored and kept is not stored.body:
            # A run that wrote meanwhile wins here; the search that follows finds its file.
            with suppress(WriteConflict):
                self._store.put(
                    key, kept, metadata=stored.info.metadata, if_etag=stored.info.etag, content_type=CONTENT_TYPE
                )
        self._store.delete_versions(version for version in self._store.versions_of(key) if not version.is_latest)


def _batch(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".parquet")
