"""Clients of AWS: one a service, with the endpoint, the region and the credentials that the environment names."""

import time

import pytest
from botocore import exceptions as botocore

from resources.aws import AwsUnavailable, Once, aws_errors, client, concurrently, endpoint_name
from tickets_cli.processes import free_port

ENDPOINT = "http://127.0.0.1:4566"
pytestmark = pytest.mark.usefixtures("bare_environment")


def test_real_aws_without_credentials_says_how_to_log_in():
    with pytest.raises(AwsUnavailable, match=r"no credentials for AWS .*log in"), aws_errors():
        client("s3").list_buckets()


def test_a_local_endpoint_needs_no_credentials(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", ENDPOINT)

    s3 = client("s3")

    assert s3.meta.endpoint_url == ENDPOINT
    assert s3.generate_presigned_url("get_object", Params={"Bucket": "b", "Key": "k"}).startswith(ENDPOINT)


def test_no_credentials_are_invented_for_a_host_that_is_not_local(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://aws.example.com")

    with pytest.raises(botocore.NoCredentialsError):
        client("s3").generate_presigned_url("get_object", Params={"Bucket": "b", "Key": "k"})


def test_credentials_that_are_set_are_used_for_a_local_endpoint_too(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://localhost:{free_port()}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDMINE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")

    assert "AKIDMINE" in client("s3").generate_presigned_url("get_object", Params={"Bucket": "b", "Key": "k"})


def test_one_client_a_service_serves_all_callers(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", ENDPOINT)

    assert client("sqs") is client("sqs")
    assert client("sqs") is not client("dynamodb")


def test_a_client_follows_the_endpoint_that_the_environment_names_now(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", ENDPOINT)
    before = client("sqs")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4567")

    assert (before.meta.endpoint_url, client("sqs").meta.endpoint_url) == (ENDPOINT, "http://127.0.0.1:4567")


@pytest.mark.parametrize(
    ("variables", "region"),
    [
        ({}, "us-east-1"),
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, "eu-west-1"),
        ({"AWS_REGION": "eu-west-2", "AWS_DEFAULT_REGION": "eu-west-1"}, "eu-west-2"),
    ],
    ids=["unset", "default", "both"],
)
def test_the_region_is_the_environments(monkeypatch, variables, region):
    monkeypatch.setenv("AWS_ENDPOINT_URL", ENDPOINT)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert client("sqs").meta.region_name == region


def test_the_region_of_the_configuration_file_is_used_where_no_variable_is_set(tmp_path):
    (tmp_path / "config").write_text("[default]\nregion = eu-central-1\n")

    assert client("sqs").meta.region_name == "eu-central-1"


def test_without_an_endpoint_clients_are_of_real_aws(monkeypatch):
    monkeypatch.setenv("AWS_REGION", "eu-west-2")

    assert client("sqs").meta.endpoint_url == "https://sqs.eu-west-2.amazonaws.com"
    assert endpoint_name() == "AWS (eu-west-2)"


def test_the_region_that_an_error_names_is_the_clients(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")

    assert endpoint_name() == "AWS (eu-west-1)"


def test_threads_that_need_a_client_at_once_share_one():
    made = []

    @Once
    def make(name: str) -> object:
        time.sleep(0.01)
        made.append(name)
        return object()

    found = concurrently(lambda n: make("s3" if n % 2 else "sqs"), range(16))

    assert sorted(made) == ["s3", "sqs"]
    assert len(set(map(id, found))) == 2
