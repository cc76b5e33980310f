"""The profile's functions, in real bash, zsh and fish, over a server of this machine."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from resources.aws import client
from resources.dynamodb import to_item
from tests.deploy.flox.activation import Activated
from tests.pipeline.programs import UP, last_words
from tests.support import enriched_ticket, eventually
from ticket_assets.domain.items import table_item
from ticket_assets.settings import variable
from tickets_cli.processes import ManagedProcess

SHELLS = {"bash": ["bash", "--norc", "-c"], "zsh": ["zsh", "-f", "-c"], "fish": ["fish", "--no-config", "-c"]}
NAMES = ("raw_bucket", "enriched_bucket", "pipeline_bucket", "queue", "dead_letter_queue", "table")


@pytest.fixture
def activated(flox, settings, prepared_models, tmp_path) -> Activated:
    """An activation over the session's server, whose table holds six tickets, and a Dagster home of this test's own."""
    for n in range(6):
        labels = {"urgency": ["critical", "high", "low"][n % 3], "sentiment": ["NEGATIVE", "POSITIVE"][n % 2]}
        item = table_item(enriched_ticket(ticket_id=f"T-{n}", created_at=1_760_000_000 + n), "b")
        values = item.model_copy(update=labels).model_dump()
        filled = to_item({name: value for name, value in values.items() if value is not None})
        client("dynamodb").put_item(TableName=settings.table, Item=filled)
    return flox.activate(
        AWS_ENDPOINT_URL=os.environ["AWS_ENDPOINT_URL"],
        DAGSTER_HOME=str(tmp_path / "dagster"),
        TICKETS_MODELS="embedded",
        MODEL_CACHE_DIR=os.environ["MODEL_CACHE_DIR"],
        **{variable(name): getattr(settings, name) for name in NAMES},
    )


def script(flox, shell: str, typed: str) -> list[str]:
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed: install the package {shell} (Debian: apt-get install)")
    return [*SHELLS[shell], f"{flox.manifest['profile'][shell]}\n{typed}"]


def typed(flox, shell: str, line: str, activated: Activated) -> str:
    """What the shell prints when a developer types the line."""
    done = subprocess.run(
        script(flox, shell, line), env=activated.environment, cwd="/",
        capture_output=True, text=True, check=False, timeout=UP,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    return done.stdout


LISTS = {
    "show-urgent": ["T-4", "T-3", "T-1", "T-0"],
    "show-results --limit 5": ["T-5", "T-4", "T-3", "T-2", "T-1"],
    "show-sentiment NEGATIVE": ["T-4", "T-2", "T-0"],
}


def test_a_list_is_the_same_table_in_every_shell(flox, activated):
    for line, tickets in LISTS.items():
        printed = {shell: typed(flox, shell, line, activated) for shell in SHELLS}

        assert set(printed.values()) == {printed["bash"]}
        assert [word for word in printed["bash"].split() if word.startswith("T-")] == tickets


def test_run_processor_starts_one_and_says_where_one_runs_already(flox, activated, tmp_path):
    command = script(flox, "bash", "run-processor")
    first = ManagedProcess("run-processor", command, activated.environment, tmp_path / "first.log")
    try:
        assert eventually(lambda: "processing tickets" in first.log.read_text(), UP), first.log.read_text()
        for shell in SHELLS:
            assert "it is running already" in typed(flox, shell, "run-processor", activated)
    finally:
        for pid in processors(activated.environment["DAGSTER_HOME"]):
            os.kill(pid, 15)
        assert "exit code 0." in last_words(first)


def processors(home: str) -> list[int]:
    """The process that holds the Dagster home."""
    note = Path(home, "lock").read_text()
    return [int(note.removeprefix("pid "))]


def test_the_demo_runs_a_stack_of_its_own(flox, activated):
    output = typed(flox, "bash", "demo --count 1", activated)

    assert "all enriched or quarantined" in output
    assert Path(activated.environment["FLOX_ENV_CACHE"], "demo", "dagster", "dagster.yaml").exists()
    for shell in ("zsh", "fish"):
        assert "Give up after" in typed(flox, shell, "demo --help", activated)
