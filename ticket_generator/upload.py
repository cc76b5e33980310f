"""Tickets to S3, and S3's failures in one line each: what will pass, and what only an operator can mend.

The endpoint is boto3's own business (AWS_ENDPOINT_URL; unset means AWS).
"""

import json
import os
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore import exceptions as botocore
from botocore.config import Config

from ticket_generator.generator import Ticket

LOCAL_HOSTS = {"localhost", "127.0.0.1", "::1"}
DEFAULT_REGION = "us-east-1"
SERVER_ERROR = 500
TOO_MANY_REQUESTS = 429


@dataclass(frozen=True)
class Trouble:
    """Why an upload failed and what to do about it. One that `passes` is worth another try."""

    line: str
    passes: bool


def s3_client() -> Any:
    """A client that fails within seconds and leaves retrying to its caller.

    Raises ValueError for a malformed endpoint, BotoCoreError for a profile that does not exist.
    """
    session = boto3.Session()
    region = os.environ.get("AWS_REGION") or session.region_name or DEFAULT_REGION
    local = urlsplit(os.environ.get("AWS_ENDPOINT_URL", "")).hostname in LOCAL_HOSTS
    # A local server checks no credentials, but boto3 signs nothing without some.
    invented = local and session.get_credentials() is None
    key = "test" if invented else None
    config = Config(connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 1})
    return session.client("s3", region_name=region, config=config, aws_access_key_id=key, aws_secret_access_key=key)


def upload(client: Any, bucket: str, ticket: Ticket) -> str:
    """Put `ticket` into `bucket` and return its key, `<ticket_id>.json`. Raises botocore's errors."""
    key = f"{ticket['ticket_id']}.json"
    content = json.dumps(ticket, ensure_ascii=False).encode()
    client.put_object(Bucket=bucket, Key=key, Body=content, ContentType="application/json")
    return key


def trouble(error: Exception, endpoint: str, bucket: str) -> Trouble:
    """What an error of `upload` means for whoever runs the generator."""
    where = f"bucket {bucket} at {endpoint}"
    match error:
        case botocore.HTTPClientError() | botocore.ConnectionError():
            return Trouble(f"cannot reach {where}: start it, or correct AWS_ENDPOINT_URL; then `tickets setup`", True)
        case botocore.ClientError() if _code(error) == "NoSuchBucket":
            return Trouble(f"{where} does not exist: make it with `tickets setup`, or name another with --bucket", True)
        case botocore.ClientError() if _status(error) >= SERVER_ERROR or _status(error) == TOO_MANY_REQUESTS:
            return Trouble(f"{where} answers {_code(error)}: it is overloaded or starting", True)
        case botocore.NoCredentialsError() | botocore.PartialCredentialsError():
            return Trouble(f"no credentials for {where}: log in, or set AWS_PROFILE or AWS_ACCESS_KEY_ID", False)
    return Trouble(f"{where} refuses the upload: {error}", False)


def _code(error: botocore.ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _status(error: botocore.ClientError) -> int:
    return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
