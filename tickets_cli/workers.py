"""`tickets workers`: warm workers on this machine for an instance that others share, and how all of them are."""

import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import dagster as dg
import typer
from rich.table import Table

from ticket_assets.settings import load_settings
from tickets_cli.dagster_services import RUNS_SECONDS
from tickets_cli.layout import dagster_home
from tickets_cli.processes import ProcessFailed, undisturbed
from tickets_cli.terminal import console, plain_errors, say

if TYPE_CHECKING:
    from resources.workers.pulse import Pulse

DEFINITIONS = "ticket_assets.definitions"

app = typer.Typer(no_args_is_help=True, help="Warm workers: processes that keep their models (docs/scaling.md).")


@app.command()
def run(count: Annotated[int, typer.Option(min=1, help="How many, each for a core.")] = os.cpu_count() or 1) -> None:
    """Execute runs of the instance of DAGSTER_HOME until Ctrl-C or SIGTERM.

    Example: DAGSTER_HOME=/etc/tickets AWS_REGION=eu-central-1 tickets workers run --count 4
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with plain_errors(), _pulse() as pulse:
        from tickets_cli.watched_files import fingerprint
        from tickets_cli.worker_pool import WorkerPool

        settings, home = load_settings(), dagster_home()
        watched = lambda: fingerprint(settings, DEFINITIONS)  # noqa: E731
        pool = WorkerPool(count, home, os.environ, home / "logs", DEFINITIONS, pulse, watched)
        try:
            say(f"{count} workers over {home}; their logs are in {home / 'logs'}")
            while True:
                time.sleep(1)
        except KeyboardInterrupt:
            pass
        finally:
            with undisturbed() as hurry:
                say(f"stopping …  (what runs gets {RUNS_SECONDS} s to end; press Ctrl-C again to cut it short)")
                cut = pool.stop(RUNS_SECONDS, hurry)
            say(f"stopped; {cut} runs were cut and are run again elsewhere")


@app.command()
def check(
    at_least: Annotated[int, typer.Option(min=0, help="How many must be ready.")] = 1,
    here: Annotated[bool, typer.Option("--here", help="Only those of this machine, or pod.")] = False,
) -> None:
    """Show every worker that lives, on any machine; exit code 1 where fewer than AT_LEAST are ready. A health check.

    A worker that could not load its models is not ready, though it takes runs: they fail and say the same.

    Example: tickets workers check --at-least 2
    """
    with plain_errors(), _pulse() as pulse:
        words = {
            name: word for name, word in pulse.workers().items() if not here or word["host"] == socket.gethostname()
        }
    shown = Table("worker", "pid", "state", "runs", "since", box=None)
    for name, word in words.items():
        idle = ("in trouble" if word["trouble"] else "ready") if word["ready"] else "loading"
        state = f"works on {word['run']}" if word["run"] else idle
        since = f"{datetime.fromtimestamp(word['since'], UTC):%Y-%m-%d %H:%M:%S}"
        shown.add_row(name, str(word["pid"]), state, str(word["runs"]), since)
    console.print(shown)
    for name, word in words.items():
        if word["trouble"]:
            console.print(f"{name}: runs will fail: {word['trouble']}", style="red", markup=False, soft_wrap=True)
    ready = sum(word["ready"] and not word["trouble"] for word in words.values())
    console.print(f"{ready} of {len(words)} workers are ready", highlight=False)
    raise typer.Exit(0 if ready >= at_least else 1)


@contextmanager
def _pulse() -> Iterator["Pulse"]:
    """What the instance's workers tell. Raises ProcessFailed where it has none, or nobody answers."""
    try:
        from redis import RedisError

        from resources.workers.run_launcher import WarmRunLauncher
    except ImportError as error:
        raise ProcessFailed(f"{error.name} is not installed: pip install -e '.[workers]'") from error
    home = dagster_home()
    if not (home / "dagster.yaml").exists():
        raise ProcessFailed(f"no dagster.yaml in {home}: set DAGSTER_HOME (docs/scaling.md says what it holds)")
    with dg.DagsterInstance.from_config(str(home)) as instance:
        launcher = instance.run_launcher
        if not isinstance(launcher, WarmRunLauncher):
            raise ProcessFailed(
                f"the instance in {home} has no warm workers: its launcher is {type(launcher).__name__}"
            )
        try:
            yield launcher.pulse
        except RedisError as error:
            raise ProcessFailed(f"the workers' Redis does not answer: {error}") from error
