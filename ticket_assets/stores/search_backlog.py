"""Batches that are enriched and not in the search index, which could not be written: an empty marker each."""

from itertools import islice

from resources.object_store import S3ObjectStore

BACKLOG = "batches/unindexed/"


class Backlog:
    """The markers, in the pipeline bucket."""

    def __init__(self, pipeline: S3ObjectStore) -> None:
        self._store = pipeline

    def add(self, batch: str) -> None:
        """Note that the batch is to be indexed later."""
        self._store.put(f"{BACKLOG}{batch}", b"")

    def oldest(self, most: int) -> list[str]:
        """The batches that wait, oldest first, at most so many."""
        return [key.removeprefix(BACKLOG) for key in islice(self._store.list_keys(BACKLOG), most)]

    def done(self, batch: str) -> None:
        """The batch is indexed."""
        self._store.delete(f"{BACKLOG}{batch}")
