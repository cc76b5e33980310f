"""Each role's IAM policy allows every call that the code really makes in that role, and grants nothing else."""

import uuid
from datetime import timedelta
from typing import cast

import dagster as dg
import pytest
from rich.console import Console

from resources.provision import ensure_table
from resources.provision_security import require_tls
from resources.queue import _url
from sensors import batch_failure_sensor
from tests.aws.test_provision_security import answered
from tests.deploy.policies import NAMES, ROLES, Grant, grants, statements
from tests.deploy.recording import Need, Recorder, need, recording
from tests.pipeline.conftest import Pipeline, ticket
from tests.pipeline.test_failure_sensor import Watch
from tests.pipeline.test_queue_sensor import Queue
from ticket_assets.settings import Settings
from ticket_generator.generator import Ticket
from ticket_generator.upload import s3_client, upload
from tickets_cli.provisioning import INDEXED, KEYS, index_name, provision
from tickets_cli.seeding import put_tickets
from tickets_cli.status import print_status

QUIET = Console(quiet=True)


def set_up(recorder: Recorder, settings: Settings) -> None:
    """Over a table without indexes, on a server that speaks TLS and encrypts nothing by itself."""
    with (
        recorder.playing("operator"),
        answered("s3", "GetBucketEncryption", 404, "ServerSideEncryptionConfigurationNotFoundError"),
    ):
        ensure_table(settings.table, KEYS, {})
        list(provision(settings))
        for bucket in (settings.raw_bucket, settings.enriched_bucket, settings.pipeline_bucket):
            require_tls(bucket)


def produce(recorder: Recorder, settings: Settings, *ticket_ids: str, **fields: object) -> None:
    with recorder.playing("producer"):
        for ticket_id in ticket_ids:
            upload(s3_client(), settings.raw_bucket, cast("Ticket", ticket(ticket_id, **fields)))


def process(recorder: Recorder, queue: Queue) -> None:
    """What waits in the queue, to its end."""
    _url.cache_clear()  # a processor that starts knows no URL
    with recorder.playing("pipeline"):
        queue.queue.depth()  # its first question
        for batch in queue.requested():
            assert queue.run(batch).success
        assert queue.requested() == []


def fail_and_recover(recorder: Recorder, queue: Queue) -> None:
    """A batch whose model is missing, recorded by the sensor, seen by the operator, run again."""
    pipeline = queue.pipeline
    batch, watch = pipeline.land("t1.json"), Watch(pipeline)
    with recorder.playing("pipeline"):
        watch.fail(batch)
        assert watch.recorded() == [batch]
    with recorder.playing("operator"):
        print_status(pipeline.settings, QUIET)
    with recorder.playing("pipeline"):
        assert pipeline.run(batch).success


def read(recorder: Recorder, pipeline: Pipeline) -> None:
    """What a list view and a ticket's page ask for."""
    table = pipeline.stores["table"]
    with recorder.playing("reader"):
        found = [table.newest(index_name(name), name, "none", 1) for name in INDEXED]
        assert found
        assert table.items("t1")
        assert pipeline.records.get("t1.json")


def play(recorder: Recorder, settings: Settings, instance: dg.DagsterInstance) -> None:
    """Everything that can happen to a ticket."""
    set_up(recorder, settings)
    queue = Queue(Pipeline(settings, instance))
    produce(recorder, settings, "t1", "t2")
    with recorder.playing("producer"):
        put_tickets(settings.raw_bucket, 1, None, QUIET)
    queue.pipeline.raw.put("bad.json", b"{")
    queue.send("no json")
    queue.send({"bucket": settings.raw_bucket, "key": "gone.json"})
    process(recorder, queue)
    queue.pipeline.next_second()
    produce(recorder, settings, "t1", "bad", created_at=1_760_000_001)
    process(recorder, queue)
    assert [item["created_at"] for item in queue.pipeline.items("t1")] == [1_760_000_001]
    assert [entry.key for entry in queue.pipeline.quarantine.entries()] == ["gone.json"]
    fail_and_recover(recorder, queue)
    read(recorder, queue.pipeline)


@pytest.fixture(scope="module")
def own(aws_endpoint) -> Settings:
    """Names of this module's own; nothing of them exists yet."""
    suffix = uuid.uuid4().hex[:8]
    names = {name: f"{name.replace('_', '-')}-{suffix}" for name in NAMES}
    return Settings.model_validate({**names, "batch_window_seconds": 0})


@pytest.fixture(scope="module")
def recorder(own, tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    with (
        pytest.MonkeyPatch.context() as patch,
        recording() as recorder,
        dg.DagsterInstance.local_temp(str(home)) as instance,
    ):
        patch.setenv("TICKETS_STATE_DIR", str(home / "none"))
        patch.setattr(batch_failure_sensor, "SETTLED", timedelta(0))
        play(recorder, own, instance)
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
def test_a_policy_has_no_wildcard_but_inside_a_named_store(role):
    for statement in statements(role):
        assert statement.keys() == {"Sid", "Effect", "Action", "Resource"}
        assert statement["Effect"] == "Allow"
        assert "*" not in "".join(statement["Action"])
        for resource in statement["Resource"]:
            assert "${TICKETS_" in resource.split("*", maxsplit=1)[0]


def test_a_call_that_the_table_does_not_know_is_named():
    assert "s3 GetObjectTorrent" in need("s3", "GetObjectTorrent", {"Bucket": "b", "Key": "k"})
    assert "s3 GetObjectVersion" in need("s3", "GetObject", {"Bucket": "b", "Key": "k", "VersionId": "v"})
    assert "Tagging" in need("s3", "PutObject", {"Bucket": "b", "Key": "k", "Tagging": "a=b"})
    assert "kms Encrypt" in need("kms", "Encrypt", {})


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
