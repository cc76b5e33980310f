"""Rows removed from a Lance table for good, and looked for in its files rather than asked of it.

Lance only marks what it deletes, keeps older versions, and a write that lost a race may leave a file that no version
names: so what counts is the rows that a file holds, whatever the table says of it.
"""

import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Any

from resources.aws import concurrently
from resources.lance_client import said, storage_options
from resources.lance_table import CONFLICTS, LanceTable
from resources.object_store import S3ObjectStore, Version

# A write takes less from its file to its commit, which would name a file that is gone.
STRAY_SECONDS = 15 * 60
DATA = "/data/"
READ_AT_ONCE = 8


def files_holding(
    store: S3ObjectStore, prefix: str, columns: Sequence[str], holds: Callable[[dict[str, Any]], bool]
) -> list[Version]:
    """The data files below `prefix`, in all versions that the bucket keeps, with a row that `holds` affirms."""
    listed = store.list_versions(prefix)
    files = [version for version in listed if DATA in version.key and not version.is_marker]
    found = concurrently(lambda file: any(map(holds, _rows(store, file, columns))), files, READ_AT_ONCE)
    return [file for file, yes in zip(files, found, strict=True) if yes]


def erase(table: LanceTable, store: S3ObjectStore, prefix: str, where: str) -> None:
    """Remove the rows and the older versions of everything. Raises NoTable, IndexUnavailable."""
    table.delete(where)
    with said():
        table.index_text()  # before the rows leave their files: where this ends between the two, they are found again
        _merge_files(table)
        table.opened().cleanup_old_versions(timedelta(0))
    gone = [version for version in store.list_versions(prefix) if version.is_marker or not version.is_latest]
    store.delete_versions(gone)


def remove_strays(store: S3ObjectStore, files: Iterable[Version]) -> None:
    """Remove those of the files that are still there and old enough: no version of the table can name them yet."""
    for file in files:
        info = store.head(file.key)
        if info is None or info.last_modified < time.time() - STRAY_SECONDS:
            store.delete_versions(store.versions_of(file.key))


def _merge_files(table: LanceTable) -> None:
    """Write the files with deleted rows anew without them."""
    for left in range(CONFLICTS, -1, -1):
        try:
            table.opened().optimize.compact_files(materialize_deletions=True, materialize_deletions_threshold=0.0)
        except OSError:  # another writer was at the same files
            if not left:
                raise
        else:
            return


def _rows(store: S3ObjectStore, file: Version, columns: Sequence[str]) -> list[dict[str, Any]]:
    """These columns of a data file; nothing of one that was removed since it was listed."""
    from lance.file import LanceFileReader

    def read(path: str, **how: Any) -> list[dict[str, Any]]:
        return LanceFileReader(path, columns=list(columns), **how).read_all().to_table().to_pylist()

    if file.is_latest:
        try:
            return read(f"s3://{store.bucket}/{file.key}", storage_options=storage_options())
        except (OSError, ValueError):
            if store.head(file.key) is None:
                return []
            raise
    stored = store.find_version(file)
    if stored is None:
        return []
    with tempfile.NamedTemporaryFile(suffix=".lance") as copy:
        copy.write(stored.body)
        copy.flush()
        return read(copy.name)
