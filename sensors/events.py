"""What a queue message says: which objects were created. Pure.

Understood are S3 notifications, the same wrapped by SNS, EventBridge's events, and a plain {"bucket", "key"}.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from urllib.parse import unquote_plus

LONGEST_KEY = 1_024  # bytes of UTF-8
NO_CREATION = "an event of something else than an object's creation"


class CreatedObject(NamedTuple):
    """An object that the message says was created."""

    bucket: str
    key: str


class BadMessage(ValueError):
    """The message, or a record of it, names no object in a form that is understood; `good` are the others' objects."""

    def __init__(self, error: str, good: Sequence[CreatedObject] = ()) -> None:
        super().__init__(error)
        self.good = good


class NothingCreated(ValueError):
    """The message is understood and there is nothing to do for it; says why."""


def created_objects(body: str) -> list[CreatedObject]:
    """The objects, at least one, that a message's body names. Raises NothingCreated and BadMessage."""
    try:
        return _objects(_json_object(body))
    except (KeyError, TypeError, AttributeError) as error:
        raise BadMessage(f"looks like an event but lacks what it must have: {type(error).__name__} {error}") from None


def _objects(event: dict[str, Any]) -> list[CreatedObject]:
    if event.get("Event") == "s3:TestEvent":
        raise NothingCreated("S3's test event")
    if "Records" in event:
        return _notified(event["Records"])
    if event.get("Type") == "Notification":
        return _objects(_json_object(event["Message"]))
    if "detail" in event:
        if event["detail-type"] != "Object Created":
            raise NothingCreated(NO_CREATION)
        return [_named(event["detail"]["bucket"]["name"], event["detail"]["object"]["key"])]
    if "bucket" in event and "key" in event:
        return [_named(event["bucket"], event["key"])]
    raise BadMessage("is none of: an S3 notification, one wrapped by SNS or EventBridge, a plain bucket and key")


def _notified(records: Iterable[dict[str, Any]]) -> list[CreatedObject]:
    good, errors = [], []
    for record in records:
        try:
            if _is_creation(record["eventName"]):
                # S3 alone encodes keys, as an HTML form would; EventBridge and people write them as they are.
                key = unquote_plus(record["s3"]["object"]["key"])
                good.append(_named(record["s3"]["bucket"]["name"], key))
        except (KeyError, TypeError, AttributeError, BadMessage) as error:
            errors.append(f"{type(error).__name__} {error}")
    if errors:
        raise BadMessage(f"has {len(errors)} records that name no object, such as: {errors[0]}", good)
    if not good:
        raise NothingCreated(NO_CREATION)
    return good


def _is_creation(name: str) -> bool:
    return name.removeprefix("s3:").startswith("ObjectCreated")


def _named(bucket: object, key: object) -> CreatedObject:
    if not (isinstance(bucket, str) and isinstance(key, str) and bucket and key):
        raise BadMessage(f"bucket and key must be texts, they are {type(bucket).__name__} and {type(key).__name__}")
    # One such key would fail the manifest of its whole batch.
    if not key.isascii() and key != key.encode(errors="replace").decode():
        raise BadMessage(f"the key {key!r} has signs that are no Unicode text")
    if len(key.encode()) > LONGEST_KEY:
        raise BadMessage(f"the key has {len(key.encode()):,} bytes; S3 takes at most {LONGEST_KEY:,}")
    return CreatedObject(bucket, key)


def _json_object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadMessage(f"is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise BadMessage("is JSON, but not an object")
    return value
