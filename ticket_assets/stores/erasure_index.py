"""Erasure from the search index: rows, and what Lance keeps of them after they are deleted."""

from contextlib import suppress
from functools import partial
from typing import Any

from resources.lance_client import one_of
from resources.lance_erasure import erase, files_holding, remove_strays
from resources.lance_table import STAMP, NoTable
from resources.object_store import S3ObjectStore, Version
from resources.ordering import TOMBSTONE
from ticket_assets.domain.erasure import Wanted
from ticket_assets.domain.intake import object_key
from ticket_assets.domain.search import CUSTOMER, KEY
from ticket_assets.stores.erasure import Place, Search, is_theirs
from ticket_assets.stores.search_index import PREFIX, SearchIndex

STONE = TOMBSTONE.attributes()


class IndexRows:
    """The tables of every embedder: their files are read, not asked, so that deleted rows count as well."""

    def __init__(self, pipeline: S3ObjectStore, records: S3ObjectStore) -> None:
        self._store = pipeline
        self._records = records
        self._index = SearchIndex(pipeline.bucket)

    def search(self, wanted: Wanted) -> Search:
        """A place for each table with files that hold a row of a wanted ticket or of the customer."""
        tables = self._index.names()
        places = [place for name in tables for place in self._of_table(wanted, name)]
        return Search(f"s3://{self._store.bucket}/{PREFIX}", f"{len(tables)} tables", places)

    def _of_table(self, wanted: Wanted, name: str) -> list[Place]:
        found: set[str] = set()
        ids = wanted.ids

        def holds(row: dict[str, Any]) -> bool:
            theirs = row[KEY] in ids or (wanted.customer is not None and row[CUSTOMER] == wanted.customer)
            if not theirs or row[STAMP] == STONE["stamp"]:
                return False
            found.add(row[KEY])
            return True

        files = files_holding(self._store, f"{PREFIX}{name}.lance/", [KEY, CUSTOMER, STAMP], holds)
        if not files:
            return []
        keys = frozenset(key for key in map(object_key, sorted(found)) if is_theirs(self._records, wanted, key))
        what = f"search index {name}, {len(found)} rows in {len(files)} files"
        return [Place(what, keys, partial(self._remove, wanted, name, sorted(found), files))]

    def _remove(self, wanted: Wanted, name: str, ids: list[str], files: list[Version]) -> None:
        """What is theirs, whole tickets or a customer's rows; tombstones stand by then, and stay."""
        theirs = one_of(KEY, (ticket_id for ticket_id in ids if object_key(ticket_id) in wanted.keys))
        customers = one_of(CUSTOMER, [wanted.customer] if wanted.customer is not None else [])
        conditions = " OR ".join(filter(None, [theirs, customers])) or "false"
        with suppress(NoTable):  # its first write never came to an end
            where = f"{STAMP} <> '{STONE['stamp']}' AND ({conditions})"
            erase(self._index.named(name), self._store, f"{PREFIX}{name}.lance/", where)
        remove_strays(self._store, files)
