"""The `tickets` command against a real server: what each command does, says and refuses."""

import uuid
from collections.abc import Iterator

import pytest
import typer
from typer.core import TyperGroup

from resources.aws import client
from resources.queue import SqsQueue
from tests.aws.cli.running import fill, printed, run, tickets
from tests.support import eventually, store
from ticket_assets.domain.models import RawTicket
from ticket_assets.settings import variable
from tickets_cli.main import app
from tickets_cli.processes import free_port

NAMES = ("raw_bucket", "enriched_bucket", "pipeline_bucket", "queue", "dead_letter_queue", "table")


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

    assert examples.keys() >= {"setup", "seed", "reset", "status", "up", "demo", "models prepare", "models info"}
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


def test_the_status_names_what_would_lose_dead_letters_and_counts_deferred_batches(pipeline):
    name = pipeline.settings.dead_letter_queue
    client("sqs").set_queue_attributes(QueueUrl=SqsQueue(name=name).url, Attributes={"MessageRetentionPeriod": "86400"})
    pipeline.batches.land("raw", ["T-1.json"], deferred=True)

    output = printed("status")

    assert f"✗ queue {name} keeps messages for 1 day" in output
    assert "1 deferred" in output


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
    assert "It accepts: most tickets a batch, 1 to 256." in line


@pytest.mark.parametrize("value", ["[red]", "[/red]"])
def test_what_looks_like_markup_in_an_error_is_printed_as_it_is(aws_endpoint, monkeypatch, value):
    monkeypatch.setenv("TICKETS_BATCH_SIZE", value)

    assert f"TICKETS_BATCH_SIZE='{value}'" in tickets("status").stderr


def test_label_files_that_are_not_there_are_one_line(prepared_models, monkeypatch, tmp_path):
    monkeypatch.setenv("TICKETS_LABELS_DIR", str(tmp_path))
    result = tickets("models", "prepare")

    assert result.exit_code == 1
    assert f"{tmp_path}/intent.yaml" in result.stderr
    assert "Traceback" not in result.stderr
