"""The write-ahead log: immutable manifests, markers of batches not yet requested, and records of failed ones.

Runs and backfills read only the manifest. No lifecycle rule may touch `batches/`.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from resources.object_store import ObjectMissing, S3ObjectStore, WriteConflict
from ticket_assets.domain.batches import BatchFailure, Manifest, batch_key, halves, iso

PREFIX = "batches/"
PENDING = f"{PREFIX}pending/"
DEFERRED = f"{PREFIX}deferred/"
FAILED = f"{PREFIX}failed/"
PROBE = f"{PREFIX}probe.json"
READ_AT_ONCE = 64


class Batches:
    """The batches kept in `store`."""

    def __init__(self, store: S3ObjectStore) -> None:
        self._store = store

    def land(self, bucket: str, keys: Sequence[str], *, deferred: bool = False) -> Manifest:
        """Write a new batch of these keys, each once: first its manifest, which is never overwritten, then its marker.

        A deferred batch runs when no new ticket waits, and holds none back.
        """
        now = datetime.now(UTC)
        manifest = Manifest(batch=batch_key(now), bucket=bucket, keys=list(dict.fromkeys(keys)), created_at=iso(now))
        self._land([manifest], DEFERRED if deferred else PENDING)
        return manifest

    def try_out(self) -> None:
        """Raise what a landing would raise now."""
        self._store.put(PROBE, b"{}")

    def split(self, batch: str) -> list[Manifest]:
        """Land the batches that a batch is split into, in whose place they are; landing them again is no error."""
        made = halves(self.manifest(batch))
        self._land(made)
        self.clear_failure(batch)
        return made

    def is_split(self, batch: str) -> bool:
        """Whether the batches that this one is split into were landed; no where it was never landed itself."""
        try:
            made = halves(self.manifest(batch))
        except ObjectMissing:
            return False
        return all(self._store.head(f"{PREFIX}{half.batch}.json") for half in made)

    def manifest(self, batch: str) -> Manifest:
        """A batch's manifest. Raises ObjectMissing, naming the batch and the remedy."""
        stored = self._store.find(f"{PREFIX}{batch}.json")
        if stored is None:
            raise ObjectMissing(
                f"batch {batch} has no manifest in s3://{self._store.bucket}/{PREFIX}: it was never landed, or another "
                "TICKETS_PIPELINE_BUCKET is set; delete the partition if it was added by hand"
            )
        return Manifest.model_validate_json(stored.body)

    def pending(self) -> list[str]:
        """The batches whose run is not known to have started, oldest first."""
        return [key.removeprefix(PENDING) for key in self._store.list_keys(PENDING)]

    def open(self) -> list[str]:
        """The batches with a marker: those not known to have started, and those that wait to be requested."""
        return list(dict.fromkeys([*self.pending(), *self.deferred()]))

    def marker(self, batch: str) -> str | None:
        """`pending` or `deferred` where the batch has such a marker."""
        folders = {"pending": PENDING, "deferred": DEFERRED}
        return next((name for name, folder in folders.items() if self._store.head(f"{folder}{batch}")), None)

    def failed(self) -> list[str]:
        """The failed batches, oldest first."""
        keys = self._store.list_keys(FAILED)
        return [key.removeprefix(FAILED).removesuffix(".json") for key in keys]

    def since(self, second: int) -> Iterator[str]:
        """The batches that were landed at this Unix second or later, oldest first."""
        after = f"{PREFIX}{datetime.fromtimestamp(second, UTC):%Y%m%dT%H%M%SZ}"
        names = (key.removeprefix(PREFIX) for key in self._store.list_keys(PREFIX, after))
        # Manifests begin with a year; the folders of markers, which do not, come after them.
        return (name.removesuffix(".json") for name in itertools.takewhile(lambda name: name[0].isdigit(), names))

    def manifests(self, batches: Iterable[str]) -> Iterator[Manifest]:
        """The manifests of these batches, some at a time; a batch that has none is passed over."""
        paths = (f"{PREFIX}{batch}.json" for batch in batches)
        while some := list(itertools.islice(paths, READ_AT_ONCE)):
            found = self._store.find_many(some)
            yield from (Manifest.model_validate_json(stored.body) for stored in found if stored)

    def failure(self, batch: str) -> BatchFailure | None:
        """Why the batch failed, None where it is not recorded as failed."""
        stored = self._store.find(f"{FAILED}{batch}.json")
        return BatchFailure.model_validate_json(stored.body) if stored else None

    def clear_pending(self, batch: str) -> None:
        """Note that the batch's run exists and got past its start."""
        self._store.delete(f"{PENDING}{batch}")

    def deferred(self) -> Iterator[str]:
        """The deferred batches whose run is not known to have started, oldest first; there may be thousands."""
        return (key.removeprefix(DEFERRED) for key in self._store.list_keys(DEFERRED))

    def clear_deferred(self, batch: str) -> None:
        """Note that the deferred batch's run exists and got past its start."""
        self._store.delete(f"{DEFERRED}{batch}")

    def unfinished(self) -> set[str]:
        """The batches that still have work to do: pending, deferred or failed."""
        return {*self.open(), *self.failed()}

    def record_failure(self, failure: BatchFailure) -> None:
        """Record that a batch's retries are used up."""
        self._store.put(f"{FAILED}{failure.batch}.json", failure.model_dump_json().encode())

    def clear_failure(self, batch: str) -> None:
        """Note that the batch succeeded after all."""
        self._store.delete(f"{FAILED}{batch}.json")

    def failures(self) -> list[BatchFailure]:
        """The failed batches, oldest first."""
        found = self._store.find_many(self._store.list_keys(FAILED))
        return [BatchFailure.model_validate_json(stored.body) for stored in found if stored]

    def _land(self, manifests: Sequence[Manifest], markers: str = PENDING) -> None:
        for manifest in manifests:
            self._write_once(manifest)
        for manifest in manifests:
            self._store.put(f"{markers}{manifest.batch}", b"", content_type="text/plain")

    def _write_once(self, manifest: Manifest) -> None:
        try:
            self._store.put(f"{PREFIX}{manifest.batch}.json", manifest.model_dump_json().encode(), if_absent=True)
        except WriteConflict:
            if self.manifest(manifest.batch) != manifest:
                raise
