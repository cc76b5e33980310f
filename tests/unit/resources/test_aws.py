"""Troubles with AWS in an operator's words, the endpoint, and work that is done at once."""

import re
import socket

import pytest
from botocore import exceptions as botocore

from resources.aws import (
    LONGEST_PAUSE,
    AwsThrottled,
    AwsUnavailable,
    AwsUnreachable,
    BadEndpoint,
    aws_errors,
    backoff,
    client,
    concurrently,
    explain,
    is_local,
    require_endpoint,
    unavailable,
)
from tickets_cli.processes import free_port

ENDPOINT = "http://127.0.0.1:4566"
pytestmark = pytest.mark.usefixtures("bare_environment")


def refused(code: str, status: int = 400, operation: str = "GetObject") -> botocore.ClientError:
    response = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return botocore.ClientError(response, operation)


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (botocore.EndpointConnectionError(endpoint_url=ENDPOINT), "is it running"),
        (botocore.ConnectTimeoutError(endpoint_url=ENDPOINT), "is it running"),
        (botocore.ReadTimeoutError(endpoint_url=ENDPOINT), "is it running"),
        (botocore.ConnectionClosedError(endpoint_url=ENDPOINT), "is it running"),
        (botocore.NoCredentialsError(), "AWS_PROFILE"),
        (botocore.PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"), "AWS_ACCESS_KEY_ID"),
        (refused("ExpiredToken"), "log in again"),
        (refused("NoSuchBucket"), "tickets setup"),
        (refused("AWS.SimpleQueueService.NonExistentQueue"), "tickets setup"),
        (refused("ResourceNotFoundException"), "tickets setup"),
        (refused("SlowDown"), "raise the limits"),
        (refused("ProvisionedThroughputExceededException"), "raise the limits"),
        (refused("RequestThrottled"), "raise the limits"),
        (refused("InternalError", 500), "ends by itself"),
        (refused("403", 403, "HeadObject"), "check the credentials"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value,
)
def test_what_an_operator_can_mend_is_one_line_of_endpoint_and_remedy(monkeypatch, error, remedy):
    monkeypatch.setenv("AWS_ENDPOINT_URL", ENDPOINT)

    line = explain(error)

    assert line is not None
    assert len(line.splitlines()) == 1
    assert ENDPOINT in line
    assert remedy in line


@pytest.mark.parametrize(
    "code", ["AccessDenied", "InvalidAccessKeyId", "UnrecognizedClientException", "InvalidClientTokenId"]
)
def test_a_refusal_of_our_credentials_is_an_operators_to_mend(monkeypatch, code):
    monkeypatch.setenv("AWS_ENDPOINT_URL", ENDPOINT)

    assert ENDPOINT in (explain(refused(code)) or "")


@pytest.mark.parametrize(
    "error", [refused("InvalidRequest"), refused("400", 400, "HeadObject"), ValueError("ours")], ids=str
)
def test_what_an_operator_cannot_mend_is_not_explained_away(error):
    assert explain(error) is None


def test_a_failure_that_is_not_the_operators_passes_through_unchanged():
    with pytest.raises(botocore.ClientError, match="InvalidRequest"), aws_errors():
        raise refused("InvalidRequest")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (refused("SlowDown", 503), AwsThrottled),
        (refused("ThrottlingException"), AwsThrottled),
        (refused("ServiceUnavailable", 503), AwsUnreachable),
        (botocore.IncompleteReadError(actual_bytes=1, expected_bytes=2), AwsUnreachable),
        (refused("ExpiredToken"), AwsUnavailable),
    ],
    ids=str,
)
def test_what_passes_by_itself_is_told_from_what_somebody_must_mend(error, kind):
    assert type(unavailable(error)) is kind


def test_pauses_grow_up_to_a_limit_and_are_of_random_length_down_to_none():
    after = {failures: [backoff(failures) for _ in range(300)] for failures in (0, 2, 2_000)}

    assert 0.5 < max(after[0]) <= 1
    assert 2 < max(after[2]) <= 4
    assert 10 < max(after[2_000]) <= LONGEST_PAUSE
    assert all(min(pauses) < max(pauses) / 10 for pauses in after.values())


def test_a_server_that_is_down_is_one_line_that_names_the_endpoint(monkeypatch):
    endpoint = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)

    with pytest.raises(AwsUnavailable) as caught, aws_errors():
        client("sqs").list_queues()

    assert endpoint in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "no-such-host.invalid"], ids=["port closed", "name unknown"])
def test_an_endpoint_that_must_be_there_and_is_not_is_named_without_any_retry(monkeypatch, host):
    endpoint = f"http://{host}:{free_port()}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)

    with pytest.raises(AwsUnavailable) as caught:
        require_endpoint()

    assert f"cannot reach {endpoint}" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_an_endpoint_that_accepts_connections_is_there(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.getsockname()[1]}")

        require_endpoint()


@pytest.mark.parametrize("endpoint", [None, ""])
def test_real_aws_is_not_asked_for_its_presence(monkeypatch, endpoint):
    if endpoint is not None:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)

    require_endpoint()


@pytest.mark.parametrize("url", ["localhost:4566", "nonsense", "http://h:abc", "http://"])
@pytest.mark.parametrize("use", [lambda: client("s3"), require_endpoint])
def test_an_endpoint_that_is_no_url_is_refused_with_what_it_accepts(monkeypatch, url, use):
    monkeypatch.setenv("AWS_ENDPOINT_URL", url)

    with pytest.raises(BadEndpoint, match=f"{re.escape(repr(url))}.*accepts one such as"):
        use()


@pytest.mark.parametrize(
    ("endpoint", "local"),
    [
        ("http://localhost:4566", True),
        ("http://127.0.0.1", True),
        ("http://[::1]:4566", True),
        ("https://localhost.example.com", False),
        ("https://s3.amazonaws.com", False),
        (None, False),
    ],
)
def test_only_this_machine_is_local(endpoint, local):
    assert is_local(endpoint) is local


def test_concurrent_work_keeps_the_items_order():
    assert concurrently(lambda n: n * n, range(50)) == [n * n for n in range(50)]


def test_a_failure_of_concurrent_work_is_raised():
    with pytest.raises(ZeroDivisionError):
        concurrently(lambda n: 1 / n, [1, 0, 2])
