"""Which IAM action each operation of AWS needs, on what.

From the AWS service authorization reference (https://docs.aws.amazon.com/service-authorization/latest/reference/) and,
for conditions and versions, the S3 user guide. A call that is not in the table is an error.
"""

from typing import Any, NamedTuple

REGION, ACCOUNT = "us-east-1", "000000000000"
BUCKET, OBJECT, QUEUE, TABLE = "bucket", "object", "queue", "table"

# operation: (action, what it is about). `…Version` is the operation with a VersionId.
ACTIONS = {
    "s3": {
        "CreateBucket": ("s3:CreateBucket", BUCKET),
        "DeleteObject": ("s3:DeleteObject", OBJECT),
        "DeleteObjectVersion": ("s3:DeleteObjectVersion", OBJECT),
        "GetBucketEncryption": ("s3:GetEncryptionConfiguration", BUCKET),
        "GetBucketLifecycleConfiguration": ("s3:GetLifecycleConfiguration", BUCKET),
        "GetBucketNotificationConfiguration": ("s3:GetBucketNotification", BUCKET),
        "GetBucketPolicy": ("s3:GetBucketPolicy", BUCKET),
        "GetObject": ("s3:GetObject", OBJECT),
        "GetObjectVersion": ("s3:GetObjectVersion", OBJECT),
        "HeadObject": ("s3:GetObject", OBJECT),
        "ListObjectVersions": ("s3:ListBucketVersions", BUCKET),
        "ListObjectsV2": ("s3:ListBucket", BUCKET),
        "PutBucketEncryption": ("s3:PutEncryptionConfiguration", BUCKET),
        "PutBucketLifecycleConfiguration": ("s3:PutLifecycleConfiguration", BUCKET),
        "PutBucketNotificationConfiguration": ("s3:PutBucketNotification", BUCKET),
        "PutBucketPolicy": ("s3:PutBucketPolicy", BUCKET),
        "PutObject": ("s3:PutObject", OBJECT),
        "PutPublicAccessBlock": ("s3:PutBucketPublicAccessBlock", BUCKET),
    },
    "sqs": {
        "ChangeMessageVisibilityBatch": ("sqs:ChangeMessageVisibility", QUEUE),
        "CreateQueue": ("sqs:CreateQueue", QUEUE),
        "DeleteMessageBatch": ("sqs:DeleteMessage", QUEUE),
        "GetQueueAttributes": ("sqs:GetQueueAttributes", QUEUE),
        "GetQueueUrl": ("sqs:GetQueueUrl", QUEUE),
        "ReceiveMessage": ("sqs:ReceiveMessage", QUEUE),
        "SendMessageBatch": ("sqs:SendMessage", QUEUE),
        "SetQueueAttributes": ("sqs:SetQueueAttributes", QUEUE),
    },
    "dynamodb": {
        "BatchGetItem": ("dynamodb:BatchGetItem", TABLE),
        "CreateTable": ("dynamodb:CreateTable", TABLE),
        "DeleteItem": ("dynamodb:DeleteItem", TABLE),
        "DescribeTable": ("dynamodb:DescribeTable", TABLE),
        "PutItem": ("dynamodb:PutItem", TABLE),
        "Query": ("dynamodb:Query", TABLE),
        "Scan": ("dynamodb:Scan", TABLE),
        "UpdateTable": ("dynamodb:UpdateTable", TABLE),
    },
}
# What these ask for besides must be added here before it is used.
MORE_THAN_ONE_ACTION = {
    "ACL", "BypassGovernanceRetention", "CopySource", "GrantRead", "MFA", "SSECustomerKey", "Tagging",
}  # fmt: skip


class Need(NamedTuple):
    """An action on the resource of this ARN."""

    action: str
    resource: str


def needs(service: str, operation: str, params: dict[str, Any]) -> list[Need]:
    """What the call needs. Raises LookupError where the table does not know."""
    return [need for one in _single(operation, params) for need in _needs(service, *one)]


def _single(operation: str, params: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The operations on one thing each that an operation on many is made of."""
    if operation == "DeleteObjects":
        rest = {name: value for name, value in params.items() if name != "Delete"}
        return [("DeleteObject", {**rest, **one}) for one in params["Delete"]["Objects"]]
    if operation == "BatchGetItem":
        return [(operation, {**params, "TableName": name}) for name in params["RequestItems"]]
    return [(operation, params)]


def _needs(service: str, operation: str, params: dict[str, Any]) -> list[Need]:
    name = f"{operation}Version" if "VersionId" in params else operation
    strange = sorted(MORE_THAN_ONE_ACTION & params.keys())
    if name not in ACTIONS.get(service, {}) or strange:
        raise LookupError(f"{service} {name} {strange or ''}: add it to ACTIONS")
    action, kind = ACTIONS[service][name]
    found = [Need(action, _arn(kind, params))]
    if operation in {"PutObject", "DeleteObject"} and "IfMatch" in params:
        found.append(Need("s3:GetObject", _arn(kind, params)))  # a condition on the ETag asks for it too
    return found


def _arn(kind: str, params: dict[str, Any]) -> str:
    if kind == BUCKET:
        return f"arn:aws:s3:::{params['Bucket']}"
    if kind == OBJECT:
        return f"arn:aws:s3:::{params['Bucket']}/{params['Key']}"
    if kind == QUEUE:
        name = params.get("QueueName") or params["QueueUrl"].rsplit("/", 1)[1]
        return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"
    index = f"/index/{params['IndexName']}" if "IndexName" in params else ""
    return f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{params['TableName']}{index}"
