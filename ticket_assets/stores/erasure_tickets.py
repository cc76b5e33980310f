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
from ticket_assets.stores.erasure import Place, Search
from ticket_assets.stores.quarantine import OBJECTS, quarantined_key
from ticket_assets.stores.tombstones import is_tombstone_item

READ_AT_ONCE = 256


class Candidate(NamedTuple):
    """An object with as many versions, of which these must be read to tell whose it is."""

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
            ours = concurrently(lambda candidate: self._is_ours(wanted, candidate), group)
            places += [self._place(candidate) for candidate, is_ours in zip(group, ours, strict=True) if is_ours]
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
            # Where a record stands, only a newer bad version is unknown; an older one says nothing of the ticket today.
            unread = versions if record != key else [v for v in versions if v.is_latest and key in quarantined]
            yield Candidate(key, len(versions), unread)

    def _is_ours(self, wanted: Wanted, candidate: Candidate) -> bool:
        return candidate.key in wanted.keys or any(self._says_so(wanted, version) for version in candidate.unread)

    def _says_so(self, wanted: Wanted, version: Version) -> bool:
        try:
            stored = self._raw.find_version(version, limit=MAX_OBJECT_BYTES)
        except ObjectUnreadable:
            return False
        return stored is not None and wanted.owns(stored.body)

    def _place(self, candidate: Candidate) -> Place:
        key = candidate.key
        return Place(
            f"{key}, {candidate.versions} versions",
            frozenset({key}),
            lambda: self._raw.delete_versions(self._raw.versions_of(key)),
        )


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
