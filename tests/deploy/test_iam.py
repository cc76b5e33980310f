"""Each role's IAM policy allows every call that the code really makes in that role, and grants nothing else."""

import uuid
from datetime import timedelta

import dagster as dg
import pytest

from resources import lance_table
from resources.queue import OVERTIME
from sensors import batch_failure_sensor, ticket_queue_sensor
from tests.deploy.actions import Need, needs
from tests.deploy.plays import Plays
from tests.deploy.policies import FOLDER, NAMES, ROLES, Grant, grants, statements
from tests.deploy.recording import recording
from tests.deploy.stage import set_up
from tests.faults.proxy import running_proxy
from tests.pipeline.conftest import Pipeline
from ticket_assets.settings import Settings, variable
from ticket_assets.stores import books
from tickets_cli.dagster_services import prepare_home


@pytest.fixture(scope="module")
def own(aws_endpoint) -> Settings:
    """Names of this module's own; nothing of them exists yet."""
    suffix = uuid.uuid4().hex[:8]
    names = {name: f"{name.replace('_', '-')}-{suffix}" for name in NAMES}
    return Settings.model_validate({**names, "batch_window_seconds": 0})


@pytest.fixture(scope="module")
def recorder(own, aws_endpoint, tmp_path_factory):
    home = tmp_path_factory.mktemp("state") / "dagster"
    with (
        pytest.MonkeyPatch.context() as patch,
        recording() as recorder,
        running_proxy(aws_endpoint, recorder.overhear) as proxy,
    ):
        patch.setenv("AWS_ENDPOINT_URL", proxy.url)  # the search index's own client passes here
        patch.setattr(lance_table, "FRAGMENTS", 3)
        patch.setattr(lance_table, "KEPT", timedelta(0))
        patch.setenv("TICKETS_STATE_DIR", str(home.parent))
        patch.delenv("DAGSTER_HOME", raising=False)
        for name in NAMES:
            patch.setenv(variable(name), getattr(own, name))
        patch.setattr(ticket_queue_sensor, "LONGEST_TICK", OVERTIME)  # what is not in the queue is not waited for
        patch.setattr(batch_failure_sensor, "SETTLED", timedelta(0))
        patch.setattr(books, "SETTLED_SECONDS", -60)  # what was made just now counts
        set_up(recorder, own)
        prepare_home(home)
        with dg.DagsterInstance.from_config(str(home)) as instance:
            Plays(recorder, Pipeline(own, instance)).play()
    return recorder


def test_every_call_is_known(recorder):
    assert set(recorder.unknown) == set()


def test_there_is_a_policy_for_each_role(recorder):
    assert sorted(recorder.needs) == ROLES


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_do_what_it_does(recorder, own, role):
    allowed = grants(role, own)

    assert [need for need in recorder.needs[role] if not any(grant.covers(need) for grant in allowed)] == []


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_do_nothing_that_it_never_does(recorder, own, role):
    unused = [grant for grant in grants(role, own) if not any(map(grant.covers, recorder.needs[role]))]

    assert unused == []


@pytest.mark.parametrize("role", ROLES)
def test_a_policy_is_small_enough_for_a_managed_policy_too(role):
    assert len("".join((FOLDER / f"{role}.json").read_text().split())) <= 6_144  # an inline one may have 10,240


@pytest.mark.parametrize("role", ROLES)
def test_a_policy_has_no_wildcard_but_inside_a_named_store(role):
    for statement in statements(role):
        assert statement.keys() == {"Sid", "Effect", "Action", "Resource"}
        assert statement["Effect"] == "Allow"
        assert "*" not in "".join(statement["Action"])
        for resource in statement["Resource"]:
            assert "${TICKETS_" in resource.split("*", maxsplit=1)[0]


@pytest.mark.parametrize(
    ("service", "operation", "params", "named"),
    [
        ("s3", "GetObjectTorrent", {}, "s3 GetObjectTorrent"),
        ("s3", "HeadObject", {"VersionId": "v"}, "s3 HeadObjectVersion"),
        ("s3", "PutObject", {"Tagging": "a=b"}, "Tagging"),
        ("s3", "DeleteObjects", {"Delete": {"Objects": [{"Key": "k"}]}, "MFA": "1"}, "MFA"),
        ("kms", "Encrypt", {}, "kms Encrypt"),
    ],
)
def test_a_call_that_the_table_does_not_know_is_named(service, operation, params, named):
    with pytest.raises(LookupError, match=named):
        needs(service, operation, {"Bucket": "b", "Key": "k", **params})


def test_a_version_a_condition_and_each_of_many_things_need_what_they_need():
    place, arn = {"Bucket": "b", "Key": "k"}, "arn:aws:s3:::b/k"
    many = {"Bucket": "b", "Delete": {"Objects": [{"Key": "k"}, {"Key": "k2", "VersionId": "null"}]}}

    assert needs("s3", "GetObject", {**place, "VersionId": "v"}) == [Need("s3:GetObjectVersion", arn)]
    assert needs("s3", "DeleteObject", place) == [Need("s3:DeleteObject", arn)]
    assert needs("s3", "DeleteObject", {**place, "IfMatch": "e"}) == [
        Need("s3:DeleteObject", arn),
        Need("s3:GetObject", arn),
    ]
    assert needs("s3", "DeleteObjects", many) == [
        Need("s3:DeleteObject", arn),
        Need("s3:DeleteObjectVersion", "arn:aws:s3:::b/k2"),
    ]
    (item,) = needs("dynamodb", "BatchGetItem", {"RequestItems": {"t": {}}})
    assert item.resource.endswith(":table/t")


@pytest.mark.parametrize(
    ("pattern", "covered"),
    [
        ("arn:aws:s3:::b/*.json", True),
        ("arn:aws:s3:::b/a/?.json", True),
        ("arn:aws:s3:::b", False),
        ("arn:aws:s3:::b/x/*", False),
    ],
)
def test_a_grant_covers_what_its_pattern_matches(pattern, covered):
    assert Grant("s3:GetObject", pattern).covers(Need("s3:GetObject", "arn:aws:s3:::b/a/k.json")) is covered
    assert not Grant("s3:PutObject", pattern).covers(Need("s3:GetObject", "arn:aws:s3:::b/a/k.json"))
