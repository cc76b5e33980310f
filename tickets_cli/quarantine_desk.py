"""What people do with quarantine: choose entries, send them again, put them away. Says nothing to a terminal."""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice

from resources.object_store import S3ObjectStore, WriteConflict
from resources.queue import SendRefused, SqsQueue
from ticket_assets.domain.quarantine import MessageEntry, QuarantineEntry, Reason
from ticket_assets.settings import Settings
from ticket_assets.stores.quarantine import Held, Quarantine
from tickets_cli.processes import ProcessFailed
from tickets_cli.safe_text import escaped

SENT_AT_ONCE = 100
NO_ORIGINAL = "its original was not kept, and the raw object is gone or was replaced by another version"


class Desk:
    """The quarantine of these settings, with the queue and the raw bucket."""

    def __init__(self, settings: Settings) -> None:
        self._raw = S3ObjectStore(bucket=settings.raw_bucket)
        self._queue = SqsQueue(name=settings.queue)
        pipeline = S3ObjectStore(bucket=settings.pipeline_bucket)
        self._pipeline = pipeline
        self._quarantine = Quarantine(pipeline, S3ObjectStore(bucket=settings.enriched_bucket))

    def entries(self, reason: Reason | None = None) -> Iterator[Held]:
        """The entries, of one reason if given, else all but the dropped: objects by key, then messages."""
        every = self._quarantine.read(self._quarantine.paths())
        return (held for held in every if held.entry.reason is reason or (not reason and not _is_dropped(held)))

    def look_up(self, ids: Sequence[str]) -> list[Held]:
        """The entries of ticket ids, keys or message ids. Raises ProcessFailed, naming those that are not there."""
        found = [self._quarantine.look_up(name) for name in ids]
        missing = [escaped(name) for name, held in zip(ids, found, strict=True) if held is None]
        if missing:
            raise ProcessFailed(f"not in quarantine: {', '.join(missing)}; `tickets quarantine list` shows what is")
        return [held for held in found if held]

    def choose(self, ids: Sequence[str] | None, reason: Reason | None) -> list[str]:
        """Where the entries are that are meant, as they are now: by id, by reason, or all where both are None.

        What comes into quarantine afterwards, such as a message that was sent again in vain, is not among them.
        """
        if ids:
            return list(dict.fromkeys(held.path for held in self.look_up(ids)))
        return [held.path for held in self.entries(reason)]

    def original(self, held: Held) -> bytes | None:
        """The bytes that the entry is about, None where they are nowhere any more."""
        return self._quarantine.original(held, self._raw)

    def required(self, held: Held, original: bytes | None) -> bytes:
        """`original`. Raises ProcessFailed where there is none."""
        if original is None:
            raise ProcessFailed(f"{escaped(held.name)}: {NO_ORIGINAL}")
        return original

    def replay(self, paths: Sequence[str]) -> tuple[int, int]:
        """Send the entries again; returns how many objects and messages. Raises ProcessFailed where SQS refuses some.

        An entry of a message is removed once that is sent, for the queue has it then; who dies in between sends it
        twice. An entry of an object stays: the run that enriches the object clears it.
        """
        objects = messages = 0
        troubles: list[str] = []
        rest = self._quarantine.read(paths)
        while group := list(islice(rest, SENT_AT_ONCE)):
            sent = group
            try:
                self._queue.send([self._body(held) for held in group])
            except SendRefused as error:
                troubles.append(f"{error}: {escaped(group[min(error.refused)].name)}")
                sent = [held for n, held in enumerate(group) if n not in error.refused]
            for held in sent:
                if isinstance(held.entry, MessageEntry):
                    with suppress(WriteConflict):  # the same message came again: a later replay sends it
                        self._quarantine.remove(held)
                    messages += 1
                else:
                    objects += 1
        if troubles:
            raise ProcessFailed(f"{'; '.join(troubles)}. {objects} objects and {messages} messages are sent again.")
        return objects, messages

    def drop(self, paths: Sequence[str]) -> Iterator[str]:
        """Export the entries and put them away; yields where each went, or that a newer one stands now and stays."""
        for held in self._quarantine.read(paths):
            if _is_dropped(held):
                continue
            where = f"s3://{self._pipeline.bucket}/{self._quarantine.export(held, self.original(held))}"
            try:
                self._quarantine.put_away(held, where)
            except WriteConflict:
                yield f"{escaped(held.name)} stays: a newer entry stands by now"
            else:
                yield where

    def _body(self, held: Held) -> str:
        entry = held.entry
        if isinstance(entry, QuarantineEntry):
            return json.dumps({"bucket": self._raw.bucket, "key": entry.key})
        return entry.body


def _is_dropped(held: Held) -> bool:
    return held.entry.reason is Reason.DROPPED
