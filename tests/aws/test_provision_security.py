"""What setup does to protect buckets and queues, over the local server; other servers' answers are put in between."""

import json
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ClientError

from resources.aws import client
from resources.provision_security import TLS_STATEMENT, encrypt_bucket, protect_buckets, protect_queues, require_tls
from resources.queue import SqsQueue
from tickets_cli.provisioning import provision


class Body:
    """An answer's bytes as botocore reads them."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def stream(self, **_: Any):
        yield self.content


@contextmanager
def answered(service: str, operation: str, status: int, code: str):
    """The operation answered with an error, as another server would, before it is sent."""
    text = f"<Error><Code>{code}</Code></Error>" if service == "s3" else json.dumps({"__type": code})
    events, event = client(service).meta.events, f"before-send.{service}.{operation}"

    def answer(request, **_):
        return AWSResponse(request.url, status, {"x-amzn-query-error": f"{code};Sender"}, Body(text.encode()))

    events.register_first(event, answer)
    try:
        yield
    finally:
        events.unregister(event, answer)


def algorithm(bucket: str) -> str:
    (rule,) = client("s3").get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    return rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"]


def statements(bucket: str) -> list[dict]:
    return json.loads(client("s3").get_bucket_policy(Bucket=bucket)["Policy"])["Statement"]


def queue_attributes(name: str) -> dict[str, str]:
    return client("sqs").get_queue_attributes(QueueUrl=SqsQueue(name=name).url, AttributeNames=["All"])["Attributes"]


def buckets(settings) -> list[str]:
    return [settings.raw_bucket, settings.enriched_bucket, settings.pipeline_bucket]


def test_setup_encrypts_every_bucket_and_queue(settings):
    assert {algorithm(bucket) for bucket in buckets(settings)} == {"AES256"}
    for queue in (settings.queue, settings.dead_letter_queue):
        assert queue_attributes(queue)["SqsManagedSseEnabled"] == "true"


def own_key(bucket: str) -> None:
    own = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/own"}}
    client("s3").put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [own]})


def test_a_bucket_that_says_it_has_no_encryption_gets_one(settings):
    own_key(settings.raw_bucket)

    with answered("s3", "GetBucketEncryption", 404, "ServerSideEncryptionConfigurationNotFoundError"):
        encrypt_bucket(settings.raw_bucket)

    assert algorithm(settings.raw_bucket) == "AES256"


def test_setup_closes_every_bucket_to_the_public(settings):
    for bucket in buckets(settings):
        found = client("s3").get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
        assert len(found) == 4
        assert all(found.values())


def test_an_encryption_with_a_key_of_ones_own_is_kept(settings):
    own_key(settings.raw_bucket)
    url = SqsQueue(name=settings.queue).url
    client("sqs").set_queue_attributes(
        QueueUrl=url, Attributes={"KmsMasterKeyId": "alias/own", "SqsManagedSseEnabled": "false"}
    )

    list(provision(settings))

    assert algorithm(settings.raw_bucket) == "aws:kms"
    attributes = queue_attributes(settings.queue)
    assert (attributes["KmsMasterKeyId"], attributes["SqsManagedSseEnabled"]) == ("alias/own", "false")


def test_a_plain_http_endpoint_is_not_shut_out_and_setup_says_so(settings):
    lines = [line for line in provision(settings) if "TLS" in line]

    assert len(lines) == 1
    assert "is plain HTTP" in lines[0]
    with pytest.raises(ClientError, match="NoSuchBucketPolicy"):
        client("s3").get_bucket_policy(Bucket=settings.raw_bucket)


@pytest.mark.parametrize("endpoint", [None, "https://s3.example"])
def test_where_the_endpoint_speaks_tls_the_buckets_ask_for_it(settings, monkeypatch, endpoint):
    local = client("s3")
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr("resources.provision_security.client", lambda _: local)
        elsewhere.delenv("AWS_ENDPOINT_URL")
        if endpoint:
            elsewhere.setenv("AWS_ENDPOINT_URL", endpoint)
        *_, line = protect_buckets([settings.raw_bucket])

    assert line == f"reached by TLS alone: {settings.raw_bucket}"
    (statement,) = statements(settings.raw_bucket)
    assert (statement["Effect"], statement["Action"]) == ("Deny", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


@pytest.mark.parametrize("as_list", [True, False])
def test_the_statements_of_others_are_kept_and_ours_stands_once(settings, as_list):
    bucket = settings.raw_bucket
    theirs = {
        "Sid": "theirs",
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    policy = {"Version": "2012-10-17", "Statement": [theirs] if as_list else theirs}
    client("s3").put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))

    require_tls(bucket)
    require_tls(bucket)

    assert statements(bucket)[0] == theirs
    assert [statement["Sid"] for statement in statements(bucket)] == ["theirs", TLS_STATEMENT]


@pytest.mark.parametrize(
    ("service", "operation", "status", "code"),
    [
        ("s3", "PutPublicAccessBlock", 400, "NotImplemented"),
        ("s3", "PutPublicAccessBlock", 501, "Other"),
        ("s3", "GetBucketEncryption", 405, "MethodNotAllowed"),
        ("sqs", "SetQueueAttributes", 400, "InvalidAttributeName"),
    ],
)
def test_what_the_endpoint_does_not_know_is_left_out_and_setup_goes_on(settings, service, operation, status, code):
    names = buckets(settings) if service == "s3" else [settings.queue, settings.dead_letter_queue]
    protect = protect_buckets if service == "s3" else protect_queues

    with answered(service, operation, status, code):
        lines = [line for line in protect(names) if operation in line]

    assert len(lines) == 1
    assert lines[0].startswith("not ")


def test_any_other_error_is_an_error(settings):
    with answered("s3", "PutPublicAccessBlock", 403, "AccessDenied"), pytest.raises(ClientError, match="AccessDenied"):
        list(provision(settings))
