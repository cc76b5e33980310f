"""Moves what the dead-letter queue holds into quarantine, with the receive history, where people see and replay it.

A message is deleted only after its entries are written: whatever dies in between, it comes again, and its entries are
written again in the same places. It runs beside the live work of a tick and never fails it.
"""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from resources.aws import concurrently, explain
from resources.object_store import ObjectInfo, ObjectUnreadable, S3ObjectStore
from resources.ordering import Stamp
from resources.queue import Message, SqsQueue
from sensors.planning import intake
from ticket_assets.domain.batches import iso
from ticket_assets.domain.erasure import forgotten
from ticket_assets.domain.intake import whole
from ticket_assets.domain.quarantine import FieldError, KeptMessage, MessageEntry, QuarantineEntry, Reason, Receives
from ticket_assets.stores.quarantine import Quarantine
from ticket_assets.stores.tombstones import time_of

MOST_DEAD_LETTERS = 500  # a tick
LONGEST_DRAIN = 3  # seconds after which no more are received


class DeadLetters(NamedTuple):
    """The dead-letter queue, and the stores that tell what its messages still mean."""

    queue: SqsQueue
    raw: S3ObjectStore
    records: S3ObjectStore
    quarantine: Quarantine

    def drain(self) -> list[str]:
        """Take in what is there, without waiting for any; returns what an operator should know, a line each."""
        drained, lines = 0, []
        deadline = time.monotonic() + LONGEST_DRAIN
        try:
            while drained < MOST_DEAD_LETTERS and time.monotonic() < deadline:
                messages = self.queue.receive()
                if not messages:
                    break
                troubles = self._take_in(messages)
                drained += len(messages) - len(troubles)
                if troubles:
                    lines.append(f"{len(troubles)} dead letters stay where they are, such as one for: {troubles[0]}")
                    break
        except Exception as error:  # noqa: BLE001 - whatever it is, new tickets must not wait for it
            lines.append(f"the dead-letter queue {self.queue.name} is not drained: {_one_line(error)}")
        if drained:
            lines.append(f"{drained} dead letters of {self.queue.name} taken in; see `tickets quarantine list`")
        return lines

    def _take_in(self, messages: Sequence[Message]) -> list[str]:
        """File and delete the messages; returns what was wrong with those that stay in the queue."""
        troubles = concurrently(self._file, messages)
        filed = [message for message, trouble in zip(messages, troubles, strict=True) if trouble is None]
        kept = self.queue.delete(filed)
        return [trouble for trouble in troubles if trouble is not None] + ["SQS did not delete it"] * len(kept)

    def _file(self, message: Message) -> str | None:
        """Write the message's entries; returns why that is not possible, so that it costs no other message."""
        try:
            found = intake([message], self.raw.bucket)
            for key in found.keys:
                self._file_object(key, message)
            if found.bad:
                self.quarantine.add_message(dead_message(message, found.bad[message.message_id]))
        except Exception as error:  # noqa: BLE001 - it stays in its queue, and the log says why
            return _one_line(error)
        return None

    def _file_object(self, key: str, message: Message) -> None:
        try:
            source, unreadable = self.raw.head(key), ""
        except ObjectUnreadable as error:
            source, unreadable = None, str(error)
        record = None if unreadable else self.records.head(key)
        if is_done(source, record):
            return
        now, erased_at = time.time(), time_of(record)
        if source and erased_at:
            entry = forgotten_object(key, erased_at, source, now)
        else:
            entry = dead_object(key, message, source, now, unreadable)
        self.quarantine.add([entry])


def is_done(source: ObjectInfo | None, record: ObjectInfo | None) -> bool:
    """Whether the raw object's current version is enriched, or the object is gone and was."""
    stamp = record and Stamp.parse(record.metadata)
    return bool(stamp) and (source is None or stamp.etag == source.etag)


def dead_object(
    key: str, message: Message, source: ObjectInfo | None, now: float, unreadable: str = ""
) -> QuarantineEntry:
    """The entry of an object that a dead letter names: of the version that stands now, None where none can be seen."""
    gone = [] if source else [whole(unreadable or "the object is gone")]
    return QuarantineEntry(
        key=key,
        reason=Reason.DEAD_LETTER,
        errors=[_history(message), *gone],
        etag=source.etag if source else "",
        last_modified=source.last_modified if source else 0,
        read_at=now,
        batch="",
        at=iso(datetime.fromtimestamp(now, UTC)),
        message=KeptMessage(message_id=message.message_id, body=message.body, receives=_receives(message)),
    )


def forgotten_object(key: str, erased_at: str, source: ObjectInfo, now: float) -> QuarantineEntry:
    """The entry of a forgotten ticket's object that was put again: without the message, which may hold its text."""
    rejection = forgotten(key, erased_at).at(key, now, source.etag, source.last_modified)
    return QuarantineEntry(**dict(rejection), batch="", at=iso(datetime.fromtimestamp(now, UTC)))


def dead_message(message: Message, error: str) -> MessageEntry:
    """The entry of a dead letter that names no object, or one that is not ours."""
    return bad_message(message, error).model_copy(
        update={"reason": Reason.DEAD_LETTER, "errors": [whole(error), _history(message)]}
    )


def bad_message(message: Message, error: str) -> MessageEntry:
    """The entry of a message that cannot be read."""
    return MessageEntry(
        message_id=message.message_id,
        errors=[whole(error)],
        body=message.body,
        receives=_receives(message),
        at=iso(datetime.now(UTC)),
    )


def _one_line(error: Exception) -> str:
    return " ".join((explain(error) or f"{type(error).__name__}: {error}").split())


def _receives(message: Message) -> Receives:
    return Receives.told(message.attributes)


def _history(message: Message) -> FieldError:
    told = _receives(message)
    times = f"sent {told.sent_at or '?'}, first received {told.first_received_at or '?'}"
    return whole(f"its message was received {told.count} times and never acknowledged ({times})")
