"""Which IAM action on which resource each call to AWS needs, recorded while the real code runs.

The actions are those of the AWS service authorization reference
(https://docs.aws.amazon.com/service-authorization/latest/reference/). A call that is not in the table is an error.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import botocore
from botocore.model import OperationModel

from resources import aws

REGION, ACCOUNT = "us-east-1", "000000000000"
BUCKET, OBJECT, QUEUE, TABLE = "bucket", "object", "queue", "table"

# operation: (action, what it is about). `…Version` is the operation with a VersionId.
ACTIONS = {
    "s3": {
        "CreateBucket": ("s3:CreateBucket", BUCKET),
        "DeleteObject": ("s3:DeleteObject", OBJECT),
        "GetBucketEncryption": ("s3:GetEncryptionConfiguration", BUCKET),
        "GetBucketNotificationConfiguration": ("s3:GetBucketNotification", BUCKET),
        "GetBucketPolicy": ("s3:GetBucketPolicy", BUCKET),
        "GetObject": ("s3:GetObject", OBJECT),
        "HeadObject": ("s3:GetObject", OBJECT),
        "ListObjectsV2": ("s3:ListBucket", BUCKET),
        "PutBucketEncryption": ("s3:PutEncryptionConfiguration", BUCKET),
        "PutBucketNotificationConfiguration": ("s3:PutBucketNotification", BUCKET),
        "PutBucketPolicy": ("s3:PutBucketPolicy", BUCKET),
        "PutObject": ("s3:PutObject", OBJECT),
        "PutPublicAccessBlock": ("s3:PutBucketPublicAccessBlock", BUCKET),
    },
    "sqs": {
        "CreateQueue": ("sqs:CreateQueue", QUEUE),
        "DeleteMessageBatch": ("sqs:DeleteMessage", QUEUE),
        "GetQueueAttributes": ("sqs:GetQueueAttributes", QUEUE),
        "GetQueueUrl": ("sqs:GetQueueUrl", QUEUE),
        "ReceiveMessage": ("sqs:ReceiveMessage", QUEUE),
        "SetQueueAttributes": ("sqs:SetQueueAttributes", QUEUE),
    },
    "dynamodb": {
        "CreateTable": ("dynamodb:CreateTable", TABLE),
        "DeleteItem": ("dynamodb:DeleteItem", TABLE),
        "DescribeTable": ("dynamodb:DescribeTable", TABLE),
        "PutItem": ("dynamodb:PutItem", TABLE),
        "Query": ("dynamodb:Query", TABLE),
        "UpdateTable": ("dynamodb:UpdateTable", TABLE),
    },
}
# What these ask for besides must be added here before it is used.
MORE_THAN_ONE_ACTION = {"ACL", "Tagging", "CopySource", "GrantRead", "BypassGovernanceRetention"}


class Need(NamedTuple):
    """An action on the resource of this ARN."""

    action: str
    resource: str


class Recorder:
    """What each role has needed so far; calls made as nobody are not recorded."""

    def __init__(self) -> None:
        self.needs: dict[str, set[Need]] = {}
        self.unknown: list[str] = []
        self._role: str | None = None

    @contextmanager
    def playing(self, role: str) -> Iterator[None]:
        """All calls of this process are the role's."""
        self._role = role
        try:
            yield
        finally:
            self._role = None

    def listen(self, session: Any) -> None:
        """Hear of every call of every client of this botocore session."""
        session.register("before-parameter-build", self._before)
        session.register("after-call", self._after)

    def _before(self, params: dict[str, Any], model: OperationModel, context: dict[str, Any], **_: Any) -> None:
        context["params"] = dict(params)
        if self._role:
            self._note(need(model.service_model.service_name, str(model.name), params))

    def _after(self, http_response: Any, model: OperationModel, context: dict[str, Any], **_: Any) -> None:
        # S3 answers 404 only to those who may list the bucket, to others 403.
        if self._role and model.name in {"GetObject", "HeadObject"} and http_response.status_code == 404:
            self._note(need("s3", "ListObjectsV2", context["params"]))

    def _note(self, found: Need | str) -> None:
        if isinstance(found, str):
            self.unknown.append(found)
        else:
            self.needs.setdefault(self._role or "", set()).add(found)


def need(service: str, operation: str, params: dict[str, Any]) -> Need | str:
    """What the call needs; a text where the table does not know."""
    name = f"{operation}Version" if "VersionId" in params else operation
    strange = sorted(MORE_THAN_ONE_ACTION & params.keys())
    if name not in ACTIONS.get(service, {}) or strange:
        return f"{service} {name} {strange or ''}: add it to ACTIONS"
    action, kind = ACTIONS[service][name]
    return Need(action, _arn(kind, params))


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


@contextmanager
def recording() -> Iterator[Recorder]:
    """A recorder that hears of every client made from now on, and of the project's own, which are made anew."""
    recorder = Recorder()
    botocore.register_initializer(recorder.listen)
    aws._client.cache_clear()
    try:
        yield recorder
    finally:
        botocore.unregister_initializer(recorder.listen)
        aws._client.cache_clear()
