"""Thousands of objects that are no tickets and of messages that name no object, each with what must become of it."""

import json
import random
import string
from collections.abc import Callable, Iterator
from typing import NamedTuple

from tests.pipeline.conftest import ticket
from ticket_assets.domain.intake import MAX_OBJECT_BYTES

NOT_JSON, WRONG_SCHEMA, KEY_MISMATCH, TOO_LARGE = "not_json", "wrong_schema", "key_mismatch", "too_large"
TEXTS = ("subject", "body", "customer_id")
NO_TEXT = (None, 7, 1.5, True, [], {}, ["a"])
NO_TIME = (None, "2026-11-23", "1", "", 1.5, -1, 10**11, 10**30, 1_760_000_000_000, True, [], {}, float("nan"))
NO_ID = ("", "a b", "a/b", "\u00e9", "a" * 129, "../x", "a\n", None, 7)
NO_METADATA = (
    None, 7, "web", [], {"source": None}, {"source": 7}, {"language": []}, {"tags": "a"}, {"tags": [1]}, {"tags": None},
)  # fmt: skip


class BadObject(NamedTuple):
    """An object and the reason code that it must get."""

    key: str
    body: bytes
    reason: str


class OddMessage(NamedTuple):
    """A message's body, and whether it must be kept in quarantine; else it is dropped."""

    body: str
    kept: bool


def bad_objects(count: int, dice: random.Random) -> Iterator[BadObject]:
    """`count` of them, of every kind in turn."""
    for number in range(count):
        name = f"bad-{number}"
        make, reason = OBJECTS[number % len(OBJECTS)]
        body = make(name, dice)
        key = f"other-{number}.json" if reason == KEY_MISMATCH else f"{name}.json"
        yield BadObject(key, body, reason)


def odd_messages(count: int, bucket: str, dice: random.Random) -> Iterator[OddMessage]:
    """`count` of them, of every kind in turn; each body is one that SQS accepts."""
    for number in range(count):
        make, kept = MESSAGES[number % len(MESSAGES)]
        yield OddMessage(make(bucket, dice), kept)


def _encoded(name: str, **fields: object) -> bytes:
    return json.dumps({**ticket(name), **fields}).encode()


def _noise(dice: random.Random) -> bytes:
    # The first byte begins neither white space nor any JSON value.
    return b"\xff" + dice.randbytes(dice.randrange(200))


def _cut(name: str, dice: random.Random) -> bytes:
    whole = _encoded(name)
    return whole[: dice.randrange(1, len(whole))]


def _invalid_utf8(name: str, dice: random.Random) -> bytes:
    bad = dice.choice([b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b"\xf5\x80\x80\x80"])
    return _encoded(name, subject="MARK").replace(b"MARK", bad)


def _without(name: str, dice: random.Random) -> bytes:
    fields = ticket(name)
    fields.pop(dice.choice([*TEXTS, "created_at", "ticket_id"]))
    return json.dumps(fields).encode()


def _with(field: str | tuple[str, ...], values: tuple) -> Callable[[str, random.Random], bytes]:
    fields = (field,) if isinstance(field, str) else field
    return lambda name, dice: _encoded(name, **{dice.choice(fields): dice.choice(values)})


OBJECTS: list[tuple[Callable[[str, random.Random], bytes], str]] = [
    (lambda _, dice: dice.choice([b"", b" ", b"\n\n", b"\xef\xbb\xbf", b"\x00"]), NOT_JSON),
    (lambda _, dice: _noise(dice), NOT_JSON),
    (_cut, NOT_JSON),
    (_invalid_utf8, NOT_JSON),
    (lambda name, _: json.dumps(ticket(name)).encode("utf-16"), NOT_JSON),
    (lambda name, _: _encoded(name, subject="MARK").replace(b"MARK", b"\\ud83d"), NOT_JSON),
    (lambda name, _: _encoded(name, subject="MARK").replace(b"MARK", b"\x00"), NOT_JSON),
    (lambda name, _: _encoded(name) + _encoded(name), NOT_JSON),
    (lambda _, dice: b"[" * dice.randrange(300, 50_000), NOT_JSON),
    (lambda name, dice: _encoded(name, deep="MARK").replace(b'"MARK"', b'{"a":' * 5000 + b"1" + b"}" * 5000), NOT_JSON),
    (lambda _, dice: dice.choice([b"[]", b"7", b"null", b'"text"', b"true", b"[{}]", b"{}"]), WRONG_SCHEMA),
    (_without, WRONG_SCHEMA),
    (_with(TEXTS, NO_TEXT), WRONG_SCHEMA),
    (_with("created_at", NO_TIME), WRONG_SCHEMA),
    (_with("ticket_id", NO_ID), WRONG_SCHEMA),
    (_with("metadata", NO_METADATA), WRONG_SCHEMA),
    (lambda name, _: _encoded(f"{name}x"), KEY_MISMATCH),
]


def too_large(name: str, size: int = MAX_OBJECT_BYTES + 1) -> BadObject:
    """A ticket that is valid but for its size in bytes."""
    empty = len(_encoded(name, body=""))
    return BadObject(f"{name}.json", _encoded(name, body="x" * (size - empty)), TOO_LARGE)


def _records(*records: object) -> str:
    return json.dumps({"Records": records})


def _record(bucket: str, key: object = "a.json", name: str = "ObjectCreated:Put") -> dict:
    return {"eventName": name, "s3": {"bucket": {"name": bucket}, "object": {"key": key}}}


def _damaged(bucket: str, dice: random.Random) -> str:
    """A good notification that lacks one thing, or has another in its place."""
    record = _record(bucket)
    place = dice.choice([record, record["s3"], record["s3"]["bucket"], record["s3"]["object"]])
    name = dice.choice(list(place))
    if dice.random() < 0.5:
        del place[name]
    else:
        place[name] = dice.choice([None, 7, []])
    return _records(record)


def _text(_: str, dice: random.Random) -> str:
    # A sign that begins no JSON value, so that no such text is one by chance.
    return "~" + "".join(dice.choices(string.printable[:95] + "\u00e9\u65e5\U0001f600\u202e", k=dice.randrange(200)))


MESSAGES: list[tuple[Callable[[str, random.Random], str], bool]] = [
    (_text, True),
    (lambda _, dice: dice.choice(["[]", "7", "null", "{}", '"text"', '{"a": 1}', '{"Records": 7}']), True),
    (_damaged, True),
    (lambda bucket, dice: _records(_record(bucket))[: dice.randrange(2, 40)], True),
    (lambda _, dice: _records(_record(f"bucket-{dice.randrange(9)}")), True),
    (lambda bucket, _: _records(_record(bucket, "k" * 1025)), True),
    (lambda bucket, _: json.dumps({"bucket": bucket, "key": "\ud83d.json"}), True),
    (lambda bucket, dice: json.dumps({"bucket": bucket, "key": dice.choice([None, 7, "", []])}), True),
    (lambda _, dice: "[" * dice.randrange(2000, 60_000), True),
    (lambda _, dice: json.dumps({"Type": "Notification", "Message": dice.choice(["", "{", "7", None])}), True),
    (lambda bucket, _: json.dumps({"detail-type": "Object Created", "detail": {"bucket": {"name": bucket}}}), True),
    (lambda _, __: json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent"}), False),
    (lambda bucket, _: _records(_record(bucket, name="ObjectRemoved:Delete")), False),
    (lambda _, __: json.dumps({"detail-type": "Object Deleted", "detail": {}}), False),
    (lambda _, __: _records(), False),
]
