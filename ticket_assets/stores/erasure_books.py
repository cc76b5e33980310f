"""Erasure from what the pipeline notes on tickets: quarantine, dead letters, records of failed batches."""

import base64
import json
from collections.abc import Mapping

from resources.aws import concurrently, in_groups
from resources.object_store import S3ObjectStore, Version
from resources.queue import Message, SqsQueue
from ticket_assets.domain.batches import BatchFailure
from ticket_assets.domain.erasure import Wanted
from ticket_assets.stores.batches import FAILED, Batches
from ticket_assets.stores.erasure import Place, Search
from ticket_assets.stores.originals import ORIGINALS
from ticket_assets.stores.quarantine import EXPORTS, OBJECTS, QUARANTINE, entry_name

READ_AT_ONCE = 64
ERASED = "the error spoke of a ticket that was forgotten since"


class QuarantineFiles:
    """Everything in quarantine, all versions: entries, originals, messages, exports."""

    def __init__(self, pipeline: S3ObjectStore) -> None:
        self._store = pipeline

    def search(self, wanted: Wanted) -> Search:
        """Entries and originals by their object's key; all else by what it says, read whole."""
        looked_at, places = 0, []
        names = {entry_name(key): key for key in wanted.keys}
        for group in in_groups(self._store.list_versions(QUARANTINE), READ_AT_ONCE):
            looked_at += len(group)
            places += filter(None, concurrently(lambda version: self._place(wanted, names, version), group))
        return Search(f"s3://{self._store.bucket}/{QUARANTINE}", f"{looked_at:,} versions of files", places)

    def _place(self, wanted: Wanted, names: Mapping[str, str], version: Version) -> Place | None:
        key = names.get(_name(version.key))
        if key is None and (version.key.startswith(OBJECTS) or not self._is_theirs(wanted, version)):
            return None
        return Place(version.key, frozenset(filter(None, [key])), lambda: self._store.delete_versions([version]))

    def _is_theirs(self, wanted: Wanted, version: Version) -> bool:
        stored = self._store.find_version(version)
        if stored is None:
            return False
        if version.key.startswith(ORIGINALS):
            return wanted.owns(stored.body)
        text = stored.body.decode(errors="replace")
        exported = version.key.startswith(EXPORTS) and wanted.owns(base64.b64decode(json.loads(text)["original"] or ""))
        return exported or wanted.keyed_in(text) or wanted.claimed_in(text)


class DeadLetters:
    """The dead-letter queue. A message that was received cannot be deleted later: removing receives all again."""

    def __init__(self, queue: SqsQueue) -> None:
        self._queue = queue

    def search(self, wanted: Wanted) -> Search:
        """The messages that name a wanted ticket's object, or hold the ticket itself."""
        hidden = self._queue.depth()["in flight"]
        messages = self._queue.everything()
        self._queue.give_back(messages)
        found = [message for message in messages if _speaks_of(wanted, message)]
        places = [Place(f"{len(found)} messages", frozenset(), lambda: self._remove(wanted))] if found else []
        if hidden:  # whoever received them may yet file them, or let them be seen again
            places.append(Place(f"perhaps among {hidden} messages that are hidden for minutes", frozenset(), bool))
        return Search(f"queue {self._queue.name}", f"{len(messages):,} messages", places)

    def _remove(self, wanted: Wanted) -> None:
        messages = self._queue.everything()
        doomed = [message for message in messages if _speaks_of(wanted, message)]
        self._queue.delete(doomed)
        self._queue.give_back([message for message in messages if message not in doomed])


class FailureRecords:
    """The records of failed batches, whose errors may speak of a ticket; the records stay, the errors go."""

    def __init__(self, pipeline: S3ObjectStore) -> None:
        self._store = pipeline
        self._batches = Batches(pipeline)

    def search(self, wanted: Wanted) -> Search:
        """The records, all versions, that speak of a wanted ticket or of the customer."""
        versions = list(self._store.list_versions(FAILED))
        said = concurrently(self._error, versions)
        paths = {version.key for version, error in zip(versions, said, strict=True) if wanted.mentioned_in(error)}
        places = [Place(path, frozenset(), lambda path=path: self._remove(wanted, path)) for path in sorted(paths)]
        return Search(f"s3://{self._store.bucket}/{FAILED}", f"{len(versions):,} records", places)

    def _error(self, version: Version) -> str:
        stored = self._store.find_version(version)
        return BatchFailure.model_validate_json(stored.body).error if stored else ""

    def _remove(self, wanted: Wanted, path: str) -> None:
        stored = self._store.find(path)
        failure = stored and BatchFailure.model_validate_json(stored.body)
        if failure and wanted.mentioned_in(failure.error):
            self._batches.record_failure(failure.model_copy(update={"error": ERASED}))
        self._store.delete_versions(version for version in self._store.versions_of(path) if not version.is_latest)


def _speaks_of(wanted: Wanted, message: Message) -> bool:
    return wanted.keyed_in(message.body) or wanted.claimed_in(message.body)


def _name(path: str) -> str:
    """Of an entry's or an original's path the name that they share; of others nothing that is one."""
    if path.startswith(OBJECTS):
        return path.removeprefix(OBJECTS).removesuffix(".json")
    return path.removeprefix(ORIGINALS)
