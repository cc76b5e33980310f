import json
import uuid

import pytest

from resources.aws import client
from resources.provision import (
    DAY,
    ensure_bucket,
    ensure_queue,
    let_bucket_send,
)
from resources.queue import SqsQueue
from tests.support import eventually, store
from tickets_cli.provisioning import provision


def queue_attributes(name: str) -> dict[str, str]:
    return client("sqs").get_queue_attributes(QueueUrl=SqsQueue(name=name).url, AttributeNames=["All"])["Attributes"]


def notifications(bucket: str) -> list[dict]:
    found = client("s3").get_bucket_notification_configuration(Bucket=bucket)
    return found.get("QueueConfigurations", [])


def table(name: str) -> dict:
    return client("dynamodb").describe_table(TableName=name)["Table"]


def keys_of(described: dict) -> dict[str, str]:
    return {key["KeyType"]: key["AttributeName"] for key in described["KeySchema"]}


def everything(settings) -> dict[str, object]:
    """What provisioning makes, without the counters and times that change by themselves."""
    changing = ("Approximate", "LastModified", "Created")
    queues = {
        name: {k: v for k, v in queue_attributes(name).items() if not k.startswith(changing)}
        for name in (settings.queue, settings.dead_letter_queue)
    }
    described = table(settings.table)
    indexes = {i["IndexName"]: (i["KeySchema"], i["Projection"]) for i in described["GlobalSecondaryIndexes"]}
    return {
        "queues": queues,
        "notifications": notifications(settings.raw_bucket),
        "table": (described["KeySchema"], described["AttributeDefinitions"], indexes),
    }


def test_the_three_buckets_exist(settings):
    for bucket in (settings.raw_bucket, settings.enriched_bucket, settings.pipeline_bucket):
        assert list(store(bucket).list_keys()) == []


def test_the_queue_is_as_the_contract_says(settings):
    attributes = queue_attributes(settings.queue)

    redrive = json.loads(attributes["RedrivePolicy"])
    assert attributes["VisibilityTimeout"] == "300"
    assert attributes["ReceiveMessageWaitTimeSeconds"] == "20"
    assert int(redrive["maxReceiveCount"]) == 5
    assert redrive["deadLetterTargetArn"] == queue_attributes(settings.dead_letter_queue)["QueueArn"]


def test_dead_letters_are_kept_longer_than_their_source_keeps_them(settings):
    source = int(queue_attributes(settings.queue)["MessageRetentionPeriod"])
    dead_letters = int(queue_attributes(settings.dead_letter_queue)["MessageRetentionPeriod"])

    assert (source, dead_letters) == (13 * DAY, 14 * DAY)


def test_the_raw_bucket_alone_may_send_to_the_queue(settings):
    attributes = queue_attributes(settings.queue)

    (statement,) = json.loads(attributes["Policy"])["Statement"]
    assert (statement["Effect"], statement["Action"]) == ("Allow", "sqs:SendMessage")
    assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
    assert statement["Resource"] == attributes["QueueArn"]
    assert settings.raw_bucket in json.dumps(statement["Condition"])


def test_created_json_objects_of_the_raw_bucket_are_told_to_the_queue(settings):
    (entry,) = notifications(settings.raw_bucket)

    assert entry["QueueArn"] == queue_attributes(settings.queue)["QueueArn"]
    assert entry["Events"] == ["s3:ObjectCreated:*"]
    assert [(r["Name"].lower(), r["Value"]) for r in entry["Filter"]["Key"]["FilterRules"]] == [("suffix", ".json")]


def test_the_table_has_the_contracts_keys_and_is_paid_on_demand(settings):
    described = table(settings.table)

    kinds = {a["AttributeName"]: a["AttributeType"] for a in described["AttributeDefinitions"]}
    assert keys_of(described) == {"HASH": "ticket_id", "RANGE": "created_at"}
    assert kinds == {
        "ticket_id": "S",
        "created_at": "N",
        "urgency": "S",
        "sentiment": "S",
        "intent": "S",
        "needs_review": "S",
        "customer_id": "S",
    }
    assert described["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"


@pytest.mark.parametrize(
    ("index", "attribute"),
    [
        ("urgency-index", "urgency"),
        ("sentiment-index", "sentiment"),
        ("intent-index", "intent"),
        ("needs_review-index", "needs_review"),
        ("customer-index", "customer_id"),
    ],
)
def test_each_index_sorts_by_time_and_projects_what_its_list_view_shows(settings, index, attribute):
    indexes = {i["IndexName"]: i for i in table(settings.table)["GlobalSecondaryIndexes"]}

    assert keys_of(indexes[index]) == {"HASH": attribute, "RANGE": "created_at"}
    assert indexes[index]["Projection"]["ProjectionType"] == "INCLUDE"
    assert {"subject", "summary", "s3_key"} <= set(indexes[index]["Projection"]["NonKeyAttributes"])
    # DynamoDB allows a hundred projected attributes over all indexes, and none that is a key.
    assert attribute not in indexes[index]["Projection"]["NonKeyAttributes"]


def test_provisioning_says_what_now_exists(settings):
    lines = "\n".join(provision(settings))

    for name in (settings.raw_bucket, settings.enriched_bucket, settings.pipeline_bucket, settings.queue,
                 settings.dead_letter_queue, settings.table):  # fmt: skip
        assert name in lines


def test_provisioning_again_changes_nothing(settings):
    before = everything(settings)

    list(provision(settings))

    assert everything(settings) == before


def test_provisioning_again_keeps_objects_messages_and_items(settings):
    store(settings.raw_bucket).put("T-1.json", b"{}")
    client("dynamodb").put_item(TableName=settings.table, Item={"ticket_id": {"S": "T-1"}, "created_at": {"N": "1"}})
    queue = SqsQueue(name=settings.queue)
    assert eventually(lambda: queue.depth()["waiting"])

    list(provision(settings))

    assert store(settings.raw_bucket).get("T-1.json").body == b"{}"
    assert client("dynamodb").query(
        TableName=settings.table,
        KeyConditionExpression="ticket_id = :id",
        ExpressionAttributeValues={":id": {"S": "T-1"}},
        ConsistentRead=True,
    )["Items"]
    assert any("T-1.json" in message.body for message in eventually(lambda: queue.drain(1, 0.5, 100)))


def test_provisioning_again_restores_what_was_changed_by_hand(settings):
    client("sqs").set_queue_attributes(
        QueueUrl=SqsQueue(name=settings.queue).url, Attributes={"VisibilityTimeout": "5"}
    )

    list(provision(settings))

    assert queue_attributes(settings.queue)["VisibilityTimeout"] == "300"


def test_notifications_of_others_are_kept(settings):
    foreign = f"foreign-{uuid.uuid4().hex[:8]}"
    arn = ensure_queue(foreign, {})
    let_bucket_send(foreign, arn, settings.raw_bucket)
    theirs = {
        "Id": "theirs",
        "QueueArn": arn,
        "Events": ["s3:ObjectCreated:*"],
        "Filter": {"Key": {"FilterRules": [{"Name": "suffix", "Value": ".csv"}]}},
    }
    client("s3").put_bucket_notification_configuration(
        Bucket=settings.raw_bucket,
        NotificationConfiguration={"QueueConfigurations": [theirs], "EventBridgeConfiguration": {}},
    )

    list(provision(settings))

    entries = {entry["QueueArn"]: entry for entry in notifications(settings.raw_bucket)}
    assert set(entries) == {arn, queue_attributes(settings.queue)["QueueArn"]}
    assert entries[arn]["Id"] == "theirs"
    assert entries[arn]["Filter"]["Key"]["FilterRules"][0]["Value"] == ".csv"
    assert "EventBridgeConfiguration" in client("s3").get_bucket_notification_configuration(Bucket=settings.raw_bucket)


def test_a_queue_policys_statements_of_others_are_kept(settings):
    attributes = queue_attributes(settings.queue)
    policy = json.loads(attributes["Policy"])
    theirs = {
        "Sid": "theirs",
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": attributes["QueueArn"],
    }
    policy["Statement"].append(theirs)
    ensure_queue(settings.queue, {"Policy": json.dumps(policy)})

    list(provision(settings))

    statements = json.loads(queue_attributes(settings.queue)["Policy"])["Statement"]
    assert "theirs" in [statement["Sid"] for statement in statements]


def test_a_bucket_that_is_ours_already_is_no_error(settings):
    ensure_bucket(settings.raw_bucket)

    assert list(store(settings.raw_bucket).list_keys()) == []


def test_a_queue_keeps_attributes_that_are_not_asked_for(aws_endpoint):
    name = f"own-{uuid.uuid4().hex[:8]}"
    arn = ensure_queue(name, {"VisibilityTimeout": "60", "DelaySeconds": "1"})

    assert ensure_queue(name, {"VisibilityTimeout": "70"}) == arn

    assert (queue_attributes(name)["VisibilityTimeout"], queue_attributes(name)["DelaySeconds"]) == ("70", "1")
