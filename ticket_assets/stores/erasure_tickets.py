"""Erasure from the stores that hold one thing a ticket: the raw bucket, the enriched bucket, the table."""

from collections.abc import Iterator
from contextlib import suppress
from itertools import groupby
from typing import NamedTuple

from resources.aws import concurrently, in_groups
from resources.dynamodb import DynamoDBTable
from resources.object_store import ObjectUnreadable, S3ObjectStore, Version, WriteConflict
from resources.ordering import is_tombstone
from ticket_assets.domain.erasure import Wanted
from ticket_assets.domain.intake import MAX_OBJECT_BYTES, object_key
from ticket_assets.domain.quarantine import QuarantineEntry, from_json
from ticket_assets.stores.erasure import Place, Search, is_theirs
from ticket_assets.stores.quarantine import OBJECTS, entry_path, quarantined_key
from ticket_assets.stores.tombstones import is_tombstone_item

READ_AT_ONCE = 256


class Candidate(NamedTuple):
    """An object with as many versions, of which these must be read to tell whose they are."""

    key: str
    versions: int
    unread: list[Version]


class RawObjects:
    """The raw bucket, all versions: listed whole, and read where no record can tell whose an object is."""

    def __init__(self, raw: S3ObjectStore, records: S3ObjectStore, pipeline: S3ObjectStore) -> None:
        self._raw = raw
        self._records = records
        self._pipeline = pipeline

    def search(self, wanted: Wanted) -> Search:
        """The wanted objects; and of those without a record, or in quarantine, the ones that say they are theirs."""
        listed, places = 0, []
        for group in in_groups(self._candidates(), READ_AT_ONCE):
            listed += sum(candidate.versions for candidate in group)
            places += filter(None, concurrently(lambda candidate: self._place(wanted, candidate), group))
        return Search(f"s3://{self._raw.bucket}", f"{listed:,} versions of objects", places)

    def _candidates(self) -> Iterator[Candidate]:
        """Every object: a merge of sorted listings, in constant memory but for the keys in quarantine."""
        records = iter(self._records.list_keys())
        record = next(records, None)
        quarantined = {quarantined_key(path) for path in self._pipeline.list_keys(OBJECTS)}
        for key, group in groupby(self._raw.list_versions(), key=lambda version: version.key):
            while record is not None and record < key:
                record = next(records, None)
            versions = list(group)
            # Where a record stands, it says whose the ticket is today; but another's may have been put under its key.
            unread = versions if record != key or key in quarantined else []
            yield Candidate(key, len(versions), unread)

    def _place(self, wanted: Wanted, candidate: Candidate) -> Place | None:
        key = candidate.key
        theirs = [version for version in candidate.unread if self._says_so(wanted, version)]
        if key not in wanted.keys and not theirs:
            return None
        if is_theirs(self._records, wanted, key):
            what = f"{key}, {candidate.versions} versions"
            return Place(what, frozenset({key}), lambda: self._raw.delete_versions(self._raw.versions_of(key)))
        what = f"{key}, {len(theirs)} of {candidate.versions} versions: the ticket is another's"
        return Place(what, frozenset(), lambda: self._remove(key, theirs))

    def _says_so(self, wanted: Wanted, version: Version) -> bool:
        try:
            stored = self._raw.find_version(version, limit=MAX_OBJECT_BYTES)
        except ObjectUnreadable:
            return False
        return stored is not None and wanted.owns(stored.body)

    def _remove(self, key: str, versions: list[Version]) -> None:
        """Remove these versions and what quarantine says of them; their originals are found there by what they hold."""
        theirs = {version.listed for version in versions if version.listed}
        # Listed anew: where the bucket keeps one version, the ticket's own may have been put over it meanwhile.
        self._raw.delete_versions(version for version in self._raw.versions_of(key) if version.listed in theirs)
        etags = {listed.etag for listed in theirs}
        for entry in self._pipeline.versions_of(entry_path(key)):
            stored = self._pipeline.find_version(entry)
            if stored and from_json(QuarantineEntry, stored.body).etag in etags:
                self._pipeline.delete_versions([entry])


class Records:
    """The enriched bucket, all versions."""

    def __init__(self, records: S3ObjectStore) -> None:
        self._records = records

    def search(self, wanted: Wanted) -> Search:
        """The wanted tickets' records, and what the bucket keeps of them behind a tombstone."""
        found = concurrently(self._left, sorted(wanted.keys))
        return Search(
            f"s3://{self._records.bucket}",
            f"{len(wanted.keys):,} keys",
            [
                Place(f"{key}, {len(left)} versions", frozenset({key}), lambda key=key: self._remove(key))
                for key, left in zip(sorted(wanted.keys), found, strict=True)
                if left
            ],
        )

    def _left(self, key: str) -> list[Version]:
        """All versions but the current one where that is a tombstone."""
        versions = self._records.versions_of(key)
        current = self._records.head(key)
        stone = current is not None and is_tombstone(current.metadata)
        return [version for version in versions if not (stone and version.is_latest)]

    def _remove(self, key: str) -> None:
        """What is behind the tombstone; the current version is no longer a record once that was put."""
        self._records.delete_versions(version for version in self._left(key) if not version.is_latest)


class Items:
    """The table, by ticket and by customer."""

    def __init__(self, table: DynamoDBTable, customer_index: str) -> None:
        self._table = table
        self._customer_index = customer_index

    def search(self, wanted: Wanted) -> Search:
        """The wanted tickets' items and the customer's."""
        indexed = wanted.customer and self._table.all_of(self._customer_index, "customer_id", wanted.customer)
        ids = sorted(filter(None, wanted.ids | {item["ticket_id"] for item in indexed or ()}))
        places = [place for found in concurrently(self._of_ticket, ids) for place in found]
        return Search(f"table {self._table.name}", f"{len(ids):,} ticket ids", places)

    def _of_ticket(self, ticket_id: str) -> list[Place]:
        def remove(item: dict) -> None:
            with suppress(WriteConflict):  # it changed or went meanwhile: the next search tells
                self._table.delete(item)

        return [
            Place(f"{ticket_id}, an item", frozenset({object_key(ticket_id)}), lambda item=item: remove(item))
            for item in self._table.items(ticket_id)
            if not is_tombstone_item(item)
        ]
