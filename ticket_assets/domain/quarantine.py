"""Quarantine: why an object or a message could not be enriched, said so that a person can mend it."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from ticket_assets.domain.batches import iso

QUIET = ConfigDict(hide_input_in_errors=True)  # a message or a model's own words may hold a ticket


class Reason(StrEnum):
    """The reason codes that people and scripts filter by."""

    NOT_JSON = "not_json"
    WRONG_SCHEMA = "wrong_schema"
    KEY_MISMATCH = "key_mismatch"
    TOO_LARGE = "too_large"
    OBJECT_GONE = "object_gone"
    OBJECT_UNREADABLE = "object_unreadable"
    MODEL_FAILURE = "model_failure"
    BAD_MESSAGE = "bad_message"
    DEAD_LETTER = "dead_letter"
    FORGOTTEN = "forgotten"
    DROPPED = "dropped"


class FieldError(BaseModel):
    """One thing that is wrong: the field's path (empty for the whole object) and what it must be."""

    field: str
    message: str


class Rejection(BaseModel):
    """An object that cannot be enriched in the version that was read.

    `etag` is empty and `last_modified` 0 where there was no object to read.
    """

    model_config = QUIET

    key: str
    reason: Reason
    errors: list[FieldError]
    etag: str = ""
    last_modified: int = 0
    read_at: float


class Receives(BaseModel):
    """How often and when a message was received, as its queue tells it; times are ISO 8601 in UTC, empty if untold."""

    count: int
    sent_at: str = ""
    first_received_at: str = ""
    source: str = ""

    @classmethod
    def told(cls, attributes: Mapping[str, str]) -> Self:
        """From SQS's system attributes; its times are Unix milliseconds, `source` is the ARN of the first queue."""
        return cls(
            count=int(attributes.get("ApproximateReceiveCount", 1)),
            sent_at=_time(attributes.get("SentTimestamp")),
            first_received_at=_time(attributes.get("ApproximateFirstReceiveTimestamp")),
            source=attributes.get("DeadLetterQueueSourceArn", ""),
        )


class KeptMessage(BaseModel):
    """A queue message as it was: what nothing else holds once it is deleted from its queue."""

    model_config = QUIET

    message_id: str
    body: str
    receives: Receives | None = None


class QuarantineEntry(Rejection):
    """A rejection as it is stored: with the batch it was met in, the time, and the message where that is the reason.

    `at` is ISO 8601 in UTC; `batch` is empty and `message` set for a dead letter.
    """

    batch: str
    at: str
    message: KeptMessage | None = None


class MessageEntry(KeptMessage):
    """A queue message that names no object: kept whole."""

    reason: Reason = Reason.BAD_MESSAGE
    errors: list[FieldError]
    at: str


Entry = TypeVar("Entry", bound=QuarantineEntry | MessageEntry)


def to_json(entry: QuarantineEntry | MessageEntry) -> bytes:
    """The entry as it is stored: JSON in ASCII, which also holds what no UTF-8 can, such as half a surrogate pair."""
    return json.dumps(entry.model_dump()).encode()


def from_json(model: type[Entry], stored: bytes) -> Entry:
    """The entry that was stored by `to_json`."""
    return model.model_validate(json.loads(stored))


def outranks(standing: QuarantineEntry, new: QuarantineEntry) -> bool:
    """Whether `standing` must not be replaced by `new`, an entry of the same object.

    The later reading says more. But what was found in an object says more than that nobody looked at this version.
    """
    if standing.etag == new.etag and (standing.reason is Reason.DEAD_LETTER) != (new.reason is Reason.DEAD_LETTER):
        return new.reason is Reason.DEAD_LETTER
    return standing.read_at > new.read_at


def without_texts(entry: Entry) -> Entry:
    """The entry as a list may show it: of a message's body and of a model's own words the length alone."""
    changed: dict[str, object] = {}
    if entry.reason is Reason.MODEL_FAILURE:
        changed["errors"] = [error.model_copy(update={"message": _type_alone(error.message)}) for error in entry.errors]
    if isinstance(entry, MessageEntry):
        changed["body"] = _length(entry.body)
    elif entry.message:
        changed["message"] = entry.message.model_copy(update={"body": _length(entry.message.body)})
    return entry.model_copy(update=changed)


def field_errors(error: ValidationError) -> list[FieldError]:
    """Pydantic's errors as field paths and messages, without its links and inputs."""
    return [FieldError(field=".".join(map(str, e["loc"])), message=e["msg"]) for e in error.errors(include_url=False)]


def one_line(errors: Iterable[FieldError]) -> str:
    """The errors as one line for a table or a log."""
    return "; ".join(f"{e.field}: {e.message}" if e.field else e.message for e in errors)


def _type_alone(error: str) -> str:
    """`error` as isolation words it, an exception's type before what it says; others say nothing of a text."""
    kind, colon, words = error.partition(": ")
    return f"{kind}: {_length(words)}" if colon else error


def _length(text: str) -> str:
    return f"… {len(text)} characters"


def _time(milliseconds: str | None) -> str:
    return iso(datetime.fromtimestamp(int(milliseconds) / 1000, UTC)) if milliseconds else ""
