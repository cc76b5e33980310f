import json
from urllib.parse import quote_plus

import pytest

from sensors.events import BadMessage, CreatedObject, NothingCreated, created_objects

KEYS = [
    "T-1.json",
    "a b.json",
    "a+b.json",
    "100%.json",
    "%41.json",
    "caf\u00e9 \u65e5\u672c\U0001f600.json",
    "x/y&z=?.json",
]


def record(key: str, name: str = "ObjectCreated:Put", bucket: str = "tickets-raw") -> dict:
    # As S3 itself writes it: the key encoded like a form's value.
    return {"eventName": name, "s3": {"bucket": {"name": bucket}, "object": {"key": quote_plus(key, safe="/")}}}


def s3(*records: dict) -> str:
    return json.dumps({"Records": list(records)})


def sns(message: object) -> str:
    return json.dumps({"Type": "Notification", "MessageId": "m", "TopicArn": "arn:aws:sns:x", "Message": message})


def eventbridge(key: str, kind: str = "Object Created") -> str:
    detail = {"bucket": {"name": "tickets-raw"}, "object": {"key": key, "size": 1}}
    return json.dumps({"version": "0", "source": "aws.s3", "detail-type": kind, "detail": detail})


def plain(key: str) -> str:
    return json.dumps({"bucket": "tickets-raw", "key": key})


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    "message",
    [lambda key: s3(record(key)), lambda key: sns(s3(record(key))), eventbridge, plain],
    ids=["S3", "S3 in SNS", "EventBridge", "plain"],
)
def test_every_form_gives_the_key_as_it_is_in_the_bucket(message, key):
    assert created_objects(message(key)) == [CreatedObject("tickets-raw", key)]


def test_an_eventbridge_event_wrapped_by_sns_is_read():
    assert created_objects(sns(eventbridge("a+b.json"))) == [CreatedObject("tickets-raw", "a+b.json")]


@pytest.mark.parametrize(
    "name", ["ObjectCreated:Put", "ObjectCreated:CompleteMultipartUpload", "s3:ObjectCreated:Copy"]
)
def test_every_way_to_create_an_object_counts(name):
    assert created_objects(s3(record("T-1.json", name))) == [CreatedObject("tickets-raw", "T-1.json")]


def test_a_message_may_name_several_objects_in_its_order():
    objects = created_objects(s3(record("b.json"), record("a.json", bucket="other")))

    assert objects == [CreatedObject("tickets-raw", "b.json"), CreatedObject("other", "a.json")]


@pytest.mark.parametrize("name", ["ObjectRemoved:Delete", "s3:ObjectRemoved:DeleteMarkerCreated", "ObjectTagging:Put"])
def test_what_creates_no_object_is_ignored_beside_what_does(name):
    assert created_objects(s3(record("a.json", name), record("b.json"))) == [CreatedObject("tickets-raw", "b.json")]


def test_a_removal_that_eventbridge_tells_is_ignored():
    with pytest.raises(NothingCreated, match="something else"):
        created_objects(eventbridge("T-1.json", "Object Deleted"))


@pytest.mark.parametrize("records", [[], [record("a.json", "ObjectRemoved:Delete")]], ids=["none", "a removal"])
def test_a_notification_without_a_creation_says_so(records):
    with pytest.raises(NothingCreated, match="something else"):
        created_objects(s3(*records))


@pytest.mark.parametrize("wrap", [str, sns], ids=["S3", "in SNS"])
def test_the_test_event_names_no_object_and_is_no_error(wrap):
    test_event = json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "tickets-raw"})

    with pytest.raises(NothingCreated, match="test event"):
        created_objects(wrap(test_event))


@pytest.mark.parametrize(
    "body",
    [
        "",
        "hello",
        "{",
        "null",
        "[]",
        '"text"',
        "{}",
        '{"Records": null}',
        '{"Records": "abc"}',
        '{"Records": [1]}',
        '{"Records": [{}]}',
        '{"Records": [{"eventName": 1}]}',
        '{"Records": [{"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "b"}, "object": {}}}]}',
        '{"Records": [{"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "b"}, "object": {"key": 1}}}]}',
        '{"detail": {}}',
        '{"detail": 1, "detail-type": "Object Created"}',
        '{"bucket": "b"}',
        '{"key": "k"}',
        '{"bucket": "b", "key": ""}',
        '{"bucket": "", "key": "k"}',
        '{"bucket": "b", "key": ["k"]}',
        '{"bucket": {"name": "b"}, "key": "k"}',
        sns("hello"),
        sns(None),
        sns({"Records": []}),
        "9" * 5_000,
    ],
    ids=lambda body: body[:60] or "nothing",
)
def test_what_cannot_be_read_is_a_bad_message_that_says_why(body):
    with pytest.raises(BadMessage, match=r"\w+ \w+"):
        created_objects(body)


def test_json_nested_too_deep_is_a_bad_message():
    with pytest.raises(BadMessage):
        created_objects("[" * 200_000)


@pytest.mark.parametrize(
    "key", ["\ud800.json", "k" * 1_025, "\u00e9" * 513], ids=["surrogate", "1,025 bytes", "1,026 bytes"]
)
def test_a_key_that_no_object_can_have_is_a_bad_message(key):
    with pytest.raises(BadMessage):
        created_objects(plain(key))
