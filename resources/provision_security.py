"""Protect what `provision` makes: encrypted at rest, closed to the public, reached by TLS alone. May be called again.

What stands and is as strong, such as a key of one's own, is kept. Where the endpoint does not know a protection, as
some local servers do not, it is left out and said so; any other error is an error.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from http import HTTPStatus
from typing import Any

from botocore.exceptions import ClientError

from resources.aws import client, endpoint, endpoint_name, error_code

TLS_STATEMENT = "tls-only"
CLOSED = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
UNSUPPORTED = {
    "InvalidAction",
    "InvalidAttributeName",
    "MethodNotAllowed",
    "NotImplemented",
    "UnknownOperation",
    "UnknownOperationException",
}
UNSUPPORTED_STATUS = {HTTPStatus.NOT_IMPLEMENTED, HTTPStatus.METHOD_NOT_ALLOWED}


def protect_buckets(names: Sequence[str]) -> Iterator[str]:
    """Protect the buckets; yields a line for each protection: that it holds, or why it is left out."""
    yield _protect("encrypted at rest", encrypt_bucket, names)
    yield _protect("closed to the public", close_bucket, names)
    if _speaks_tls():
        yield _protect("reached by TLS alone", require_tls, names)
    else:
        # The policy would shut us out too.
        yield f"not reached by TLS alone, since {endpoint_name()} is plain HTTP: {', '.join(names)}"


def protect_queues(names: Sequence[str]) -> Iterator[str]:
    """Protect the queues; yields a line as `protect_buckets` does."""
    yield _protect("encrypted at rest", encrypt_queue, names)


def encrypt_bucket(name: str) -> None:
    """Encrypt new objects with S3's own keys unless the bucket has a default already, such as a KMS key."""
    s3 = client("s3")
    if _or_none(lambda: s3.get_bucket_encryption(Bucket=name), "ServerSideEncryptionConfigurationNotFoundError"):
        return
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [rule]})


def close_bucket(name: str) -> None:
    """Refuse every ACL and policy that would open the bucket to the public."""
    client("s3").put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=CLOSED)


def require_tls(name: str) -> None:
    """Deny every request without TLS, beside whatever else the bucket's policy says."""
    s3 = client("s3")
    found = _or_none(lambda: s3.get_bucket_policy(Bucket=name), "NoSuchBucketPolicy")
    policy = json.loads(found["Policy"]) if found else {"Version": "2012-10-17", "Statement": []}
    standing = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
    statement = {
        "Sid": TLS_STATEMENT,
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    policy["Statement"] = [*(other for other in standing if other.get("Sid") != TLS_STATEMENT), statement]
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps(policy))


def encrypt_queue(name: str) -> None:
    """Encrypt messages with SQS's own keys unless the queue has a KMS key."""
    sqs = client("sqs")
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    # All, since a server that does not know a name refuses it.
    if not sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"].get("KmsMasterKeyId"):
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"SqsManagedSseEnabled": "true"})


def _protect(what: str, apply: Callable[[str], None], names: Sequence[str]) -> str:
    try:
        for name in names:
            apply(name)
    except ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        if error_code(error) not in UNSUPPORTED and status not in UNSUPPORTED_STATUS:
            raise
        return f"not {what}, since {endpoint_name()} does not know {error.operation_name}: {', '.join(names)}"
    return f"{what}: {', '.join(names)}"


def _speaks_tls() -> bool:
    url = endpoint()
    return url is None or url.startswith("https://")


def _or_none(ask: Callable[[], dict[str, Any]], absent: str) -> dict[str, Any] | None:
    try:
        return ask()
    except ClientError as error:
        if error_code(error) != absent:
            raise
    return None
