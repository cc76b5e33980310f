"""Make buckets, queues, tables and notifications where they are missing; each function may be called again and again.

Works on real AWS as on a local server; nothing that exists is deleted or replaced.
"""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from resources.aws import DEFAULT_REGION, client, error_code

DAY = 24 * 3600
STATEMENT = "events-of-the-bucket"


class ProvisionError(RuntimeError):
    """Something exists that does not fit; the message names it and the remedy."""


def ensure_bucket(name: str) -> None:
    """A bucket in the client's region. Raises ProvisionError where another account owns the name."""
    s3 = client("s3")
    region = s3.meta.region_name
    place = {} if region == DEFAULT_REGION else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    try:
        s3.create_bucket(Bucket=name, **place)
    except ClientError as error:
        if error_code(error) == "BucketAlreadyExists":
            raise ProvisionError(f"bucket {name} belongs to another account: choose another name") from None
        if error_code(error) != "BucketAlreadyOwnedByYou":
            raise


def ensure_queue(name: str, attributes: Mapping[str, str]) -> str:
    """A queue with these attributes, set on an existing one too; returns its ARN."""
    sqs = client("sqs")
    try:
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        sqs.set_queue_attributes(QueueUrl=url, Attributes=dict(attributes))
    except ClientError as error:
        if "NonExistentQueue" not in error_code(error) and error_code(error) != "QueueDoesNotExist":
            raise
        url = sqs.create_queue(QueueName=name, Attributes=dict(attributes))["QueueUrl"]
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def redrive_policy(dead_letter_arn: str, receives: int) -> str:
    """The attribute that sends a message to the dead-letter queue after so many receives."""
    return json.dumps({"deadLetterTargetArn": dead_letter_arn, "maxReceiveCount": receives})


def let_bucket_send(queue: str, queue_arn: str, bucket: str) -> None:
    """Let S3, for this bucket alone, send to the queue, beside whatever else its policy says."""
    sqs = client("sqs")
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"]).get("Attributes", {})
    policy = json.loads(attributes.get("Policy") or '{"Version": "2012-10-17", "Statement": []}')
    statement = {
        "Sid": STATEMENT,
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": f"arn:aws:s3:::{bucket}"}},
    }
    others = [other for other in policy["Statement"] if other.get("Sid") != STATEMENT]
    policy["Statement"] = [*others, statement]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})


def ensure_notification(bucket: str, queue_arn: str, suffix: str) -> None:
    """Send ObjectCreated events of keys with `suffix` to the queue, beside whatever else the bucket notifies."""
    s3 = client("s3")
    current = s3.get_bucket_notification_configuration(Bucket=bucket)
    current.pop("ResponseMetadata", None)
    others = [entry for entry in current.get("QueueConfigurations", []) if entry["QueueArn"] != queue_arn]
    ours = {
        "Id": "ticket-events",
        "QueueArn": queue_arn,
        "Events": ["s3:ObjectCreated:*"],
        "Filter": {"Key": {"FilterRules": [{"Name": "suffix", "Value": suffix}]}},
    }
    configuration = {**current, "QueueConfigurations": [*others, ours]}
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=configuration)


def ensure_table(
    name: str, keys: Sequence[tuple[str, str]], indexes: Mapping[str, tuple[Sequence[tuple[str, str]], Sequence[str]]]
) -> None:
    """An on-demand table; `keys` are (attribute, type) of hash and range, `indexes` their keys and projections.

    An index that an existing table lacks is added, one at a time as DynamoDB asks. Raises ProvisionError where the
    existing table has other keys.
    """
    dynamodb = client("dynamodb")
    attributes = dict([*keys, *(key for index_keys, _ in indexes.values() for key in index_keys)])
    described = _describe(name)
    if described is None:
        dynamodb.create_table(
            TableName=name,
            AttributeDefinitions=_definitions(attributes),
            KeySchema=_key_schema(keys),
            BillingMode="PAY_PER_REQUEST",
            GlobalSecondaryIndexes=[_index(index, *spec) for index, spec in indexes.items()],
        )
        dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 120})
        return
    types = {entry["AttributeName"]: entry["AttributeType"] for entry in described["AttributeDefinitions"]}
    if described["KeySchema"] != _key_schema(keys) or any(types[key] != kind for key, kind in keys):
        raise ProvisionError(
            f"table {name} exists with other keys than {dict(keys)}: choose another name, or delete it"
        )
    present = {index["IndexName"] for index in described.get("GlobalSecondaryIndexes", [])}
    for index, spec in indexes.items():
        if index not in present:
            dynamodb.update_table(
                TableName=name,
                AttributeDefinitions=_definitions(attributes),
                GlobalSecondaryIndexUpdates=[{"Create": _index(index, *spec)}],
            )
            _wait_for_indexes(name)


def _describe(name: str) -> dict[str, Any] | None:
    try:
        return client("dynamodb").describe_table(TableName=name)["Table"]
    except ClientError as error:
        if error_code(error) != "ResourceNotFoundException":
            raise
    return None


def _wait_for_indexes(name: str) -> None:
    while True:
        described = _describe(name) or {}
        indexes = described.get("GlobalSecondaryIndexes", [])
        if all(index.get("IndexStatus", "ACTIVE") == "ACTIVE" for index in indexes):
            return
        time.sleep(2)


def _definitions(attributes: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"AttributeName": name, "AttributeType": kind} for name, kind in attributes.items()]


def _key_schema(keys: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"AttributeName": name, "KeyType": role} for (name, _), role in zip(keys, ("HASH", "RANGE"), strict=True)]


def _index(name: str, keys: Sequence[tuple[str, str]], projected: Sequence[str]) -> dict[str, Any]:
    projection = {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(projected)}
    return {"IndexName": name, "KeySchema": _key_schema(keys), "Projection": projection}
