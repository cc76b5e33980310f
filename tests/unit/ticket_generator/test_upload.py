import json
import re
import subprocess
import sys
import time
import uuid

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from ticket_assets.domain.intake import Rejected, parse_ticket
from ticket_assets.domain.quarantine import Reason
from ticket_generator.bad_tickets import bad_objects
from ticket_generator.generator import TicketGenerator
from ticket_generator.upload import s3_client, trouble, upload

KEY = r"TKT-\d{8}-[0-9a-f]{16}\.json"


def client_error(code: str, status: int) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "PutObject")  # pyright: ignore[reportArgumentType]


@pytest.fixture
def bucket(aws_endpoint) -> str:
    name = f"generator-{uuid.uuid4().hex[:8]}"
    boto3.client("s3", endpoint_url=aws_endpoint).create_bucket(Bucket=name)
    return name


def test_a_ticket_is_stored_under_its_id_as_it_was_generated(bucket):
    ticket = TicketGenerator(1).generate(1_795_000_000)
    key = upload(s3_client(), bucket, ticket)
    stored = boto3.client("s3").get_object(Bucket=bucket, Key=key)
    assert key == f"{ticket['ticket_id']}.json"
    assert stored["ContentType"] == "application/json"
    assert json.load(stored["Body"]) == ticket


def test_a_missing_bucket_passes_and_says_how_to_make_it(aws_endpoint):
    with pytest.raises(ClientError) as caught:
        upload(s3_client(), "no-such-bucket-here", TicketGenerator(1).generate(0))
    found = trouble(caught.value, aws_endpoint, "no-such-bucket-here")
    assert found.passes
    assert "bucket no-such-bucket-here at http://127.0.0.1" in found.line
    assert "tickets setup" in found.line


@pytest.mark.parametrize(
    ("error", "passes", "says"),
    [
        (EndpointConnectionError(endpoint_url="http://x"), True, "cannot reach bucket b at e"),
        (client_error("SlowDown", 503), True, "SlowDown"),
        (client_error("TooManyRequests", 429), True, "TooManyRequests"),
        (client_error("AccessDenied", 403), False, "AccessDenied"),
        (NoCredentialsError(), False, "AWS_ACCESS_KEY_ID"),
    ],
)
def test_trouble_tells_what_passes_from_what_an_operator_must_mend(error, passes, says):
    found = trouble(error, "e", "b")
    assert found.passes is passes
    assert says in found.line
    assert "\n" not in found.line


def test_a_local_server_needs_no_credentials_and_no_region(monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://localhost:4566")
    client = s3_client()
    assert client.meta.region_name == "us-east-1"
    assert client._request_signer._credentials.access_key == "test"
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://s3.example.org")
    assert s3_client().meta.region_name == "eu-north-1"
    assert s3_client()._request_signer._credentials is None


def test_bad_objects_are_not_json_wrong_schema_and_misplaced_each_under_a_new_key():
    (cut_off_key, cut_off), (iso_key, iso), (other_key, misplaced) = bad_objects(int(time.time()))
    with pytest.raises(json.JSONDecodeError):
        json.loads(cut_off)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", json.loads(iso)["created_at"])
    assert f"{json.loads(iso)['ticket_id']}.json" == iso_key
    assert f"{json.loads(misplaced)['ticket_id']}.json" != other_key
    keys = [cut_off_key, iso_key, other_key, *(key for key, _ in bad_objects())]
    assert len(set(keys)) == 6
    assert all(re.fullmatch(KEY, key) for key in keys)


def test_the_generator_imports_nothing_but_boto3_and_the_standard_library():
    def loaded(module: str) -> set[str]:
        code = f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
        return set(
            subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
        )

    generator, boto = loaded("ticket_generator.main"), loaded("boto3")
    assert generator - boto - sys.stdlib_module_names == {"ticket_generator"}
    assert not boto & {"dagster", "numpy", "pydantic", "yaml"}


def test_the_pipeline_accepts_every_ticket_and_refuses_each_bad_object_for_its_own_reason():
    generator = TicketGenerator(2)
    for ticket in (generator.generate(1_795_000_000) for _ in range(200)):
        body = json.dumps(ticket).encode()
        assert parse_ticket(f"{ticket['ticket_id']}.json", body, len(body)).model_dump() == ticket
    reasons = []
    for key, body in bad_objects():
        with pytest.raises(Rejected) as caught:
            parse_ticket(key, body, len(body))
        reasons.append(caught.value.reason)
    assert reasons == [Reason.NOT_JSON, Reason.WRONG_SCHEMA, Reason.KEY_MISMATCH]
