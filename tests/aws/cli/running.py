"""The command as a test runs it, and a pipeline in which everything has happened once."""

import os
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

from resources.queue import SqsQueue
from tests.fakes import fake_suite
from tests.pipeline.conftest import Pipeline
from tests.support import eventually
from ticket_assets.domain.batches import BatchFailure
from ticket_assets.domain.intake import whole
from ticket_assets.domain.quarantine import MessageEntry
from tickets_cli.main import app


def tickets(*arguments: str, typed: str | None = None):
    return CliRunner(env={"COLUMNS": "80"}).invoke(app, arguments, input=typed)


def printed(*arguments: str, typed: str | None = None) -> str:
    """What a command that succeeds prints, on one line."""
    result = tickets(*arguments, typed=typed)
    assert result.exit_code == 0, result.output or repr(result.exception)
    return " ".join(result.stdout.split())


def run(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The installed program, as a shell would run it."""
    path = Path(sys.executable).with_name(program)
    return subprocess.run([path, *arguments], env=os.environ, capture_output=True, text=True, timeout=60, check=False)


def send_to_dead_letters(pipeline: Pipeline, body: str) -> None:
    """A message that is seen in the dead-letter queue from now on."""
    queue = SqsQueue(name=pipeline.settings.dead_letter_queue)
    queue.send([body])
    assert eventually(lambda: queue.depth()["waiting"])


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
