"""`tickets reset`: deletes everything, but only where and when it was meant to."""

import dagster as dg
import pytest
from dagster._daemon.auto_run_reexecution.event_log_consumer import DAGSTER_EVENT_TYPES, _create_cursor_key

from resources.queue import SqsQueue
from tests.aws.cli.running import fill, printed, tickets
from ticket_assets.assets.policy import BATCHES
from tickets_cli.dagster_services import prepare_home
from tickets_cli.resetting import RETRY_CURSORS


@pytest.mark.parametrize("options", [(), ("--yes",)], ids=["asked", "with --yes"])
def test_reset_refuses_a_server_that_is_not_local_and_deletes_nothing(pipeline, aws_endpoint, monkeypatch, options):
    key = pipeline.put("T-1")
    remote = aws_endpoint.replace(
        "127.0.0.1", "127.1"
    )  # leads to the same server, by a name that is not known as local
    monkeypatch.setenv("AWS_ENDPOINT_URL", remote)

    result = tickets("reset", *options, typed="y\n")

    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert f"{remote} is not a local server" in line
    assert "--even-remote" in line
    assert list(pipeline.raw.list_keys()) == [key]


def test_reset_refuses_real_aws(named, monkeypatch):
    monkeypatch.delenv("AWS_ENDPOINT_URL")

    result = tickets("reset", typed="n\n")

    assert result.exit_code == 1
    assert "AWS" in result.stderr
    assert "not a local server" in result.stderr


def test_reset_goes_to_a_server_that_is_not_local_where_told(pipeline, aws_endpoint, monkeypatch):
    pipeline.put("T-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws_endpoint.replace("127.0.0.1", "127.1"))

    printed("reset", "--yes", "--even-remote")

    assert list(pipeline.raw.list_keys()) == []


@pytest.mark.parametrize("answer", ["n\n", "\n"], ids=["no", "just return"])
def test_reset_asks_first_and_deletes_nothing_unless_told(pipeline, answer):
    key = pipeline.put("T-1")

    result = tickets("reset", typed=answer)

    assert result.exit_code == 1
    assert pipeline.settings.raw_bucket in result.stdout
    assert list(pipeline.raw.list_keys()) == [key]


def test_reset_deletes_everything_and_leaves_a_pipeline_that_works(pipeline):
    fill(pipeline)
    assert pipeline.items("T-1")

    printed("reset", typed="y\n")

    output = printed("status")
    assert "0 raw objects, 0 records, 0 quarantined, 0 bad messages" in output
    assert "0 not yet running, 0 runs queued, 0 runs started, 0 runs success, 0 runs failure" in output
    queue = SqsQueue(name=pipeline.settings.queue)
    assert not any("json" in message.body for message in queue.drain(1, 0, 100))  # S3's own test event may be there
    assert pipeline.instance.get_dynamic_partitions(BATCHES.name) == []
    assert pipeline.items("T-1") == []

    assert pipeline.enrich(pipeline.put("T-1")).success
    assert pipeline.items("T-1")
    assert any("T-1.json" in message.body for message in queue.receive(5))


def test_after_a_reset_dagster_sees_failures_again_though_its_events_are_numbered_anew(pipeline):
    assert {_create_cursor_key(kind) for kind in DAGSTER_EVENT_TYPES} == set(RETRY_CURSORS)
    cursors = pipeline.instance.daemon_cursor_storage
    cursors.set_cursor_values(dict.fromkeys(RETRY_CURSORS, "999"))

    printed("reset", "--yes")

    assert set(cursors.get_cursor_values(set(RETRY_CURSORS)).values()) == {"0"}


def test_reset_leaves_a_dagster_home_that_is_not_the_local_stacks(pipeline, monkeypatch, tmp_path_factory):
    foreign = tmp_path_factory.mktemp("foreign")
    prepare_home(foreign)
    with dg.DagsterInstance.from_config(str(foreign)) as instance:
        instance.add_dynamic_partitions("ticket_batches", ["b"])
    monkeypatch.setenv("DAGSTER_HOME", str(foreign))

    assert f"{foreign}, which DAGSTER_HOME names" in printed("reset", "--yes")

    with dg.DagsterInstance.from_config(str(foreign)) as instance:
        assert instance.get_dynamic_partitions("ticket_batches") == ["b"]
