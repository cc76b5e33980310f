import uuid

import pytest

from resources.aws import client
from resources.provision import (
    ProvisionError,
    ensure_table,
)

KEYS = (("ticket_id", "S"), ("created_at", "N"))
BY_URGENCY = ((("urgency", "S"), ("created_at", "N")), ["subject"])
BY_INTENT = ((("intent", "S"), ("created_at", "N")), ["subject", "summary"])


def table(name: str) -> dict:
    return client("dynamodb").describe_table(TableName=name)["Table"]


def keys_of(described: dict) -> dict[str, str]:
    return {key["KeyType"]: key["AttributeName"] for key in described["KeySchema"]}


def new_table() -> str:
    return f"own-{uuid.uuid4().hex[:8]}"


def test_an_index_that_an_existing_table_lacks_is_added_and_finds_its_items(aws_endpoint):
    name = new_table()
    ensure_table(name, KEYS, {"urgency-index": BY_URGENCY})
    client("dynamodb").put_item(
        TableName=name, Item={"ticket_id": {"S": "T-1"}, "created_at": {"N": "1"}, "intent": {"S": "bug_report"}}
    )

    ensure_table(name, KEYS, {"urgency-index": BY_URGENCY, "intent-index": BY_INTENT})

    indexes = {i["IndexName"]: i for i in table(name)["GlobalSecondaryIndexes"]}
    assert set(indexes) == {"urgency-index", "intent-index"}
    assert set(indexes["intent-index"]["Projection"]["NonKeyAttributes"]) == {"subject", "summary"}
    assert client("dynamodb").query(
        TableName=name,
        IndexName="intent-index",
        KeyConditionExpression="intent = :intent",
        ExpressionAttributeValues={":intent": {"S": "bug_report"}},
    )["Items"]


def test_an_index_of_others_is_kept(aws_endpoint):
    name = new_table()
    ensure_table(name, KEYS, {"theirs": BY_INTENT})

    ensure_table(name, KEYS, {"urgency-index": BY_URGENCY})

    assert {i["IndexName"] for i in table(name)["GlobalSecondaryIndexes"]} == {"theirs", "urgency-index"}


def test_a_table_with_other_keys_is_named_and_left_as_it_is(aws_endpoint):
    name = new_table()
    ensure_table(name, (("ticket_id", "S"), ("urgency", "S")), {"intent-index": BY_INTENT})

    with pytest.raises(ProvisionError, match=f"{name} exists with other keys"):
        ensure_table(name, KEYS, {"intent-index": BY_INTENT})
    assert keys_of(table(name)) == {"HASH": "ticket_id", "RANGE": "urgency"}


def test_a_table_whose_keys_have_other_types_is_refused_too(aws_endpoint):
    name = new_table()
    by_text = ((("urgency", "S"), ("created_at", "S")), ["subject"])
    ensure_table(name, (("ticket_id", "S"), ("created_at", "S")), {"urgency-index": by_text})

    with pytest.raises(ProvisionError, match=name):
        ensure_table(name, KEYS, {"urgency-index": BY_URGENCY})
