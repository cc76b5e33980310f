"""Quarantine: why an object or a message could not be enriched, said so that a person can mend it."""

from collections.abc import Iterable
from enum import StrEnum

from pydantic import BaseModel, ValidationError


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
    FORGOTTEN = "forgotten"


class FieldError(BaseModel):
    """One thing that is wrong: the field's path (empty for the whole object) and what it must be."""

    field: str
    message: str


class Rejection(BaseModel):
    """An object that cannot be enriched in the version that was read.

    `etag` is empty and `last_modified` 0 where there was no object to read.
    """

    key: str
    reason: Reason
    errors: list[FieldError]
    etag: str = ""
    last_modified: int = 0
    read_at: float


class QuarantineEntry(Rejection):
    """A rejection as it is stored, with the batch it was met in and the time, ISO 8601 in UTC."""

    batch: str
    at: str


class MessageEntry(BaseModel):
    """A queue message that names no object: kept whole, since nothing else holds it."""

    message_id: str
    reason: Reason = Reason.BAD_MESSAGE
    errors: list[FieldError]
    body: str
    at: str


def field_errors(error: ValidationError) -> list[FieldError]:
    """Pydantic's errors as field paths and messages, without its links and inputs."""
    return [FieldError(field=".".join(map(str, e["loc"])), message=e["msg"]) for e in error.errors(include_url=False)]


def one_line(errors: Iterable[FieldError]) -> str:
    """The errors as one line for a table or a log."""
    return "; ".join(f"{e.field}: {e.message}" if e.field else e.message for e in errors)
