"""What S3 removes by itself: old files between assets and old exports; never batches nor what is in quarantine."""

import pytest
from botocore.exceptions import ClientError

from resources.aws import client
from resources.lifecycle import ensure_lifecycle, expiration
from resources.provision import ProvisionError
from tickets_cli.provisioning import KEPT, provision


def rules(bucket: str) -> dict[str, dict]:
    found = client("s3").get_bucket_lifecycle_configuration(Bucket=bucket)
    return {rule["ID"]: rule for rule in found["Rules"]}


def put(bucket: str, *rules: dict) -> None:
    client("s3").put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": list(rules)})


def foreign(**changes: object) -> dict:
    """Somebody else's rule that removes what lies under logs/, with some of it changed; None leaves a part out."""
    rule = {"ID": "theirs", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 9}, **changes}
    return {name: value for name, value in rule.items() if value is not None}


def test_old_files_between_assets_and_old_exports_expire_and_nothing_else(settings):
    standing = rules(settings.pipeline_bucket).values()

    assert {(r["Filter"]["Prefix"], r["Expiration"]["Days"]) for r in standing} == {
        ("assets/", 30),
        ("quarantine/exports/", 90),
    }
    for rule in standing:
        assert rule["Status"] == "Enabled"
        assert rule["NoncurrentVersionExpiration"]["NoncurrentDays"] == 1
        assert rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] == 7


def test_another_retention_replaces_our_rule_and_is_told(settings):
    told = list(provision(settings.model_copy(update={"assets_retention_days": 60})))

    assert rules(settings.pipeline_bucket)["ticket-assets"]["Expiration"]["Days"] == 60
    assert len(rules(settings.pipeline_bucket)) == 2
    assert any("assets/ 60 days" in line for line in told)


def test_the_raw_and_the_enriched_bucket_get_no_rule(settings):
    for bucket in (settings.raw_bucket, settings.enriched_bucket):
        with pytest.raises(ClientError, match="NoSuchLifecycleConfiguration"):
            rules(bucket)


def test_a_rule_of_somebody_else_stays_as_it_is(settings):
    put(settings.pipeline_bucket, foreign())

    list(provision(settings))

    standing = rules(settings.pipeline_bucket)
    assert set(standing) == {"theirs", "ticket-assets", "ticket-quarantine-exports"}
    assert standing["theirs"] == foreign()


@pytest.mark.parametrize(
    ("scope", "lost"),
    [
        ({"Filter": {"Prefix": ""}}, "batches/"),
        ({"Filter": {"Prefix": "batches/"}}, "batches/"),
        ({"Filter": {"Prefix": "batches/failed/"}}, "batches/"),
        ({"Filter": {"Prefix": "b"}}, "batches/"),
        ({"Filter": {"Prefix": "search/index"}}, "search/"),
        ({"Filter": {"Prefix": "quarantine/"}}, "quarantine/objects/"),
        ({"Filter": {"And": {"Prefix": "batches/", "ObjectSizeGreaterThan": 1}}}, "batches/"),
        ({"Expiration": {"Date": "2030-01-01T00:00:00Z"}, "Filter": {"Prefix": "batches/"}}, "batches/"),
    ],
    ids=str,
)
def test_a_rule_that_would_remove_what_must_stay_is_refused_by_its_name_and_nothing_changes(settings, scope, lost):
    put(settings.pipeline_bucket, foreign(**scope))

    with pytest.raises(ProvisionError) as caught:
        list(provision(settings))

    message = str(caught.value)
    assert f"rule 'theirs' of bucket {settings.pipeline_bucket}" in message
    assert lost in message
    assert "disable it or narrow its prefix" in message
    assert set(rules(settings.pipeline_bucket)) == {"theirs"}


@pytest.mark.parametrize(
    "harmless",
    [
        {"Status": "Disabled"},
        {"Expiration": {"ExpiredObjectDeleteMarker": True}},
        {"Expiration": None, "NoncurrentVersionExpiration": {"NoncurrentDays": 30}},
        {"Filter": {"Tag": {"Key": "scratch", "Value": "yes"}}},
        {"Filter": {"And": {"Prefix": "", "Tags": [{"Key": "scratch", "Value": "yes"}]}}},
    ],
    ids=str,
)
def test_a_rule_of_the_whole_bucket_that_removes_none_of_our_objects_is_not_refused(settings, harmless):
    put(settings.pipeline_bucket, foreign(**{"Filter": {"Prefix": ""}, **harmless}))

    list(provision(settings))

    assert "theirs" in rules(settings.pipeline_bucket)


@pytest.mark.parametrize("operation", ["GetBucketLifecycleConfiguration", "PutBucketLifecycleConfiguration"])
def test_where_the_endpoint_knows_no_lifecycle_setup_says_so_and_goes_on(settings, operation):
    def refuse(**_: object) -> None:
        raise ClientError({"Error": {"Code": "NotImplemented"}}, operation)

    event = f"before-parameter-build.s3.{operation}"
    client("s3").meta.events.register(event, refuse)
    try:
        told = list(provision(settings))
    finally:
        client("s3").meta.events.unregister(event, refuse)

    (line,) = [line for line in told if line.startswith("lifecycle")]
    assert "this endpoint knows none" in line
    assert any(line.startswith("table") for line in told)


def test_another_refusal_of_the_endpoint_is_not_taken_for_a_missing_lifecycle(settings):
    with pytest.raises(ClientError, match="NoSuchBucket"):
        ensure_lifecycle("no-such-bucket-anywhere", [expiration("ours", "assets/", 30)], KEPT)
