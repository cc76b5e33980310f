"""The `tickets` command against a real server: what each command does, says and refuses."""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import typer
from dagster._daemon.auto_run_reexecution.event_log_consumer import DAGSTER_EVENT_TYPES, _create_cursor_key
from typer.core import TyperGroup
from typer.testing import CliRunner

from resources.queue import SqsQueue
from tests.fakes import fake_suite
from tests.pipeline.conftest import Pipeline
from tests.support import eventually, store
from ticket_assets.assets.policy import BATCHES
from ticket_assets.domain.batches import BatchFailure
from ticket_assets.domain.intake import whole
from ticket_assets.domain.models import RawTicket
from ticket_assets.domain.quarantine import MessageEntry
from ticket_assets.settings import variable
from tickets_cli.dagster_services import prepare_home
from tickets_cli.main import app
from tickets_cli.processes import free_port
from tickets_cli.resetting import RETRY_CURSORS

NAMES = ("raw_bucket", "enriched_bucket", "pipeline_bucket", "queue", "dead_letter_queue", "table")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A Dagster home and state of this test's own; none is made yet."""
    monkeypatch.setenv("TICKETS_STATE_DIR", str(tmp_path))
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    return tmp_path / "dagster"


@pytest.fixture
def named(settings, monkeypatch):
    """The settings of this test, which the command reads from the environment."""
    for name in NAMES:
        monkeypatch.setenv(variable(name), getattr(settings, name))
    return settings


@pytest.fixture
def pipeline(named, home):
    """A pipeline over the Dagster home that the command looks into."""
    prepare_home(home)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        yield Pipeline(named, instance)


def tickets(*arguments: str, typed: str | None = None):
    return CliRunner(env={"COLUMNS": "80"}).invoke(app, arguments, input=typed)


def printed(*arguments: str, typed: str | None = None) -> str:
    """What a command that succeeds prints, on one line."""
    result = tickets(*arguments, typed=typed)
    assert result.exit_code == 0, result.output
    return " ".join(result.stdout.split())


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The installed program, as a shell would run it."""
    path = Path(sys.executable).with_name(program)
    return subprocess.run([path, *arguments], env=os.environ, capture_output=True, text=True, timeout=60, check=False)


def fill(pipeline: Pipeline) -> dict[str, str]:
    """A batch that succeeded but for one bad ticket, one that failed, a message that names nothing, one left to run."""
    bad = "bad.json"
    pipeline.raw.put(bad, b"{")
    assert pipeline.enrich(pipeline.put("T-1"), pipeline.put("T-2"), bad).success
    failed = pipeline.land(pipeline.put("T-3"))
    run_id = pipeline.run(failed, fake_suite(embedder=None), raise_on_error=False).run_id
    error = "embedded_tickets: no such file [/models/minilm] in [red]"
    pipeline.batches.record_failure(BatchFailure(batch=failed, run_id=run_id, error=error, at="2026-11-23T11:20:05Z"))
    message = MessageEntry(message_id="m", errors=[whole("is not JSON")], body="x", at="2026-11-23T11:20:05Z")
    pipeline.quarantine.add_message(message)
    for batch in (pipeline.batches.pending())[:2]:
        pipeline.batches.clear_pending(batch)
    pipeline.land("T-4.json")
    return {"batch": failed, "run": run_id, "error": error}


def commands(group: TyperGroup, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of every command of the group and the groups in it."""
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name)


def test_every_command_shows_an_example_of_itself():
    root = typer.main.get_command(app)
    assert isinstance(root, TyperGroup)
    examples = {" ".join(path): printed(*path, "--help").partition("Example:")[2] for path in commands(root)}

    assert examples.keys() >= {"setup", "seed", "reset", "status", "up", "demo", "models prepare"}
    for path, example in examples.items():
        assert f"tickets {path}" in example, path


def test_the_processor_shows_an_example_of_itself():
    result = run("ticket-processor", "--help")

    assert "Example:" in result.stdout
    assert "ticket-processor" in result.stdout.partition("Example:")[2]


def test_setup_makes_all_and_again_changes_nothing(aws_endpoint, monkeypatch):
    own = uuid.uuid4().hex[:8]
    for name in NAMES:
        monkeypatch.setenv(variable(name), f"{name.replace('_', '-')}-{own}")

    first = printed("setup")
    printed("seed", "--count", "1")
    (key,) = store(f"raw-bucket-{own}").list_keys()

    assert printed("setup") == first
    assert all(f"{name.replace('_', '-')}-{own}" in first for name in NAMES)
    assert list(store(f"raw-bucket-{own}").list_keys()) == [key]
    assert eventually(lambda: SqsQueue(name=f"queue-{own}").depth()["waiting"])


def test_seed_puts_as_many_valid_tickets_as_asked_for_and_shows_progress(named):
    output = printed("seed", "--count", "3", "--seed", "7")

    bodies = store(named.raw_bucket).find_many(store(named.raw_bucket).list_keys())
    assert len({RawTicket.model_validate_json(stored.body).ticket_id for stored in bodies if stored}) == 3
    assert "putting tickets" in output
    assert "100%" in output


def test_seed_refuses_a_count_of_none(named):
    result = tickets("seed", "--count", "0")

    assert result.exit_code == 2
    assert "--count" in result.stderr
    assert list(store(named.raw_bucket).list_keys()) == []


def test_the_status_of_an_empty_pipeline_is_noughts(named, aws_endpoint):
    output = printed("status")

    assert f"server {aws_endpoint}" in output
    assert f"queue {named.dead_letter_queue}: 0 waiting, 0 in flight" in output
    assert "0 raw objects, 0 records, 0 quarantined, 0 bad messages" in output
    assert "0 not yet running" in output
    assert "failed" not in output


def test_the_status_of_a_used_pipeline_counts_everything_and_names_the_failed_batch(pipeline):
    failed = fill(pipeline)

    output = printed("status")

    waiting = SqsQueue(name=pipeline.settings.queue).depth()["waiting"]
    assert f"queue {pipeline.settings.queue}: {waiting} waiting" in output
    assert "4 raw objects, 2 records, 1 quarantined, 1 bad messages" in output
    assert "1 not yet running, 0 runs queued, 0 runs started, 1 runs success, 1 runs failure" in output
    assert f"batch {failed['batch']} failed at 2026-11-23T11:20:05Z: {failed['error']} (run {failed['run']})" in output
    last_runs = output.partition("last runs")[2]
    assert failed["batch"] in last_runs
    assert failed["run"][:8] in last_runs


def test_before_setup_the_status_says_what_to_do(named, monkeypatch):
    monkeypatch.setenv("TICKETS_QUEUE", f"nobody-{uuid.uuid4().hex[:8]}")

    result = tickets("status")

    assert result.exit_code == 1
    assert "a queue" in result.stderr
    assert "run `tickets setup`" in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("arguments", [("setup",), ("seed",), ("status",), ("reset", "--yes")], ids=" ".join)
def test_a_server_that_is_down_is_one_line_that_names_it(arguments, monkeypatch):
    dead = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", dead)

    result = tickets(*arguments)

    assert result.exit_code == 1
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"error: cannot reach {dead}")


@pytest.mark.parametrize(("program", "arguments"), [("tickets", ["status"]), ("ticket-processor", [])])
def test_a_bad_setting_is_one_line_that_names_the_variable_and_what_it_accepts(
    aws_endpoint, monkeypatch, program, arguments
):
    monkeypatch.setenv("TICKETS_BATCH_SIZE", "abc")

    result = run(program, *arguments)

    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert "TICKETS_BATCH_SIZE='abc'" in line
    assert "It accepts: tickets a batch, 1 to 256." in line


@pytest.mark.parametrize("value", ["[red]", "[/red]"])
def test_what_looks_like_markup_in_an_error_is_printed_as_it_is(aws_endpoint, monkeypatch, value):
    monkeypatch.setenv("TICKETS_BATCH_SIZE", value)

    assert f"TICKETS_BATCH_SIZE='{value}'" in tickets("status").stderr


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
