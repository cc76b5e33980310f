"""The `tickets` command: its options and exit codes. What each command does is in the module of its name."""

import signal
import sys
import time
from contextlib import suppress
from typing import Annotated

import typer

from resources.aws import endpoint_name, require_endpoint
from resources.patience import patiently
from ticket_assets.settings import load_settings
from tickets_cli import labels, quarantine, serving, showing, workers
from tickets_cli.boarding import PORT as BOARD_PORT
from tickets_cli.boarding import board
from tickets_cli.books import reconcile, where
from tickets_cli.comparing import compare
from tickets_cli.correcting import correct
from tickets_cli.evaluating import evaluate
from tickets_cli.forgetting import forget
from tickets_cli.layout import dagster_home, state_dir
from tickets_cli.metrics import PORT, metrics
from tickets_cli.processes import ProcessFailed
from tickets_cli.provisioning import provision
from tickets_cli.reindexing import reindex
from tickets_cli.reprocessing import reprocess
from tickets_cli.search import search, similar
from tickets_cli.terminal import console, plain_errors, say
from tickets_cli.versions import versions

app = typer.Typer(no_args_is_help=True, help="Support tickets, enriched as Dagster assets.", rich_markup_mode="rich")
models_app = typer.Typer(no_args_is_help=True, help="The models of the profile that TICKETS_MODELS names.")
app.add_typer(models_app, name="models")
app.command()(reconcile)
app.command()(where)
app.command()(versions)
app.command()(compare)
app.command()(reprocess)
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(showing.app, name="show")
app.add_typer(serving.app, name="serve")
app.add_typer(workers.app, name="workers")
app.command()(metrics)
app.command()(board)
app.command()(forget)
app.command()(search)
app.command()(similar)
app.command()(reindex)
app.command()(evaluate)
app.command()(correct)
app.add_typer(labels.app, name="labels")


@app.command()
def setup(wait: Annotated[bool, typer.Option("--wait", help="Wait for a server that is not up yet.")] = False) -> None:
    """Make the buckets, queues, notification and table that are missing, here or on AWS.

    Example: AWS_ENDPOINT_URL=http://localhost:4566 tickets setup
    """
    with plain_errors():
        settings = load_settings()
        if not wait:
            require_endpoint()
        lines = patiently(lambda: list(provision(settings)), float("inf"), say) if wait else provision(settings)
        for line in lines:
            console.print(f"[green]✓[/] {line}", highlight=False)


@app.command()
def seed(
    count: Annotated[int, typer.Option(min=1, help="How many tickets to put.")] = 60,
    seed: Annotated[int | None, typer.Option(help="Repeat the texts of this number.")] = None,
) -> None:
    """Put generated tickets into the raw bucket.

    Example: tickets seed --count 500 --seed 7
    """
    from tickets_cli.seeding import put_tickets

    with plain_errors():
        settings = load_settings()
        require_endpoint()
        put_tickets(settings.raw_bucket, count, seed, console)


@app.command()
def reset(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    even_remote: Annotated[bool, typer.Option("--even-remote", help="Also where the endpoint is not local.")] = False,
) -> None:
    """Delete every ticket, record, item and message, and Dagster's runs and partitions. Asks first.

    Example: tickets reset --yes
    """
    from tickets_cli.resetting import refusal, reset_everything

    with plain_errors():
        settings = load_settings()
        reason = None if even_remote else refusal()
        if reason:
            raise ProcessFailed(reason)
        require_endpoint()
        if not yes:
            stores = f"{settings.raw_bucket}, {settings.enriched_bucket}, {settings.pipeline_bucket}, {settings.table}"
            typer.confirm(
                f"Delete all of {stores} at {endpoint_name()}, and Dagster's runs in {dagster_home()}?", abort=True
            )
        for line in reset_everything(settings):
            console.print(f"[green]✓[/] {line}", highlight=False)


@app.command()
def status() -> None:
    """Show server, queues, batches, last runs and counts. Exit code 1 where the server cannot be reached.

    Example: AWS_ENDPOINT_URL=http://localhost:4566 tickets status
    """
    from tickets_cli.status import print_status

    with plain_errors():
        settings = load_settings()
        require_endpoint()
        print_status(settings, console)


@app.command()
def up(
    aws_port: Annotated[int, typer.Option(help="The AWS server's port.")] = 4566,
    ui_port: Annotated[int, typer.Option(help="The Dagster page's port.")] = 3000,
    metrics_port: Annotated[int, typer.Option(help="The port of /metrics, for Prometheus.")] = PORT,
    board_port: Annotated[int, typer.Option(help="The triage page's port.")] = BOARD_PORT,
    generator: Annotated[bool, typer.Option("--generator", help="Also put a ticket every few seconds.")] = False,
    workers_count: Annotated[
        int, typer.Option("--workers", min=0, help="Warm workers that execute the runs (docs/scaling.md).")
    ] = 0,
) -> None:
    """Run the whole system on this machine until Ctrl-C; its state is kept in .tickets.

    Example: tickets up --generator
    """
    from tickets_cli.processes import free_port
    from tickets_cli.stack import Ports, running_stack

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with plain_errors():
        ports = Ports(aws_port, ui_port, free_port(), metrics_port, board_port)
        with running_stack(state_dir(), ports, say, generator=generator, workers=workers_count) as stack:
            console.print(f"Running. Put tickets with: AWS_ENDPOINT_URL={ports.endpoint} tickets seed", highlight=False)
            console.print("Stop with Ctrl-C.")
            with suppress(KeyboardInterrupt):
                while True:
                    stack.check()
                    time.sleep(1)


@app.command()
def demo(
    count: Annotated[int, typer.Option(min=1, help="How many good tickets to put.")] = 60,
    timeout: Annotated[int, typer.Option(help="Give up after this many seconds.")] = 420,
) -> None:
    """Start the system, put tickets, three of them bad, wait until each is enriched or quarantined, show all, stop.

    Example: tickets demo --count 20
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with plain_errors():
        from tickets_cli.demo import run_demo  # loads the definitions, and with them the settings

        complete = run_demo(count, timeout, console, say)
    raise typer.Exit(0 if complete else 1)


@models_app.command()
def prepare() -> None:
    """Fetch and convert the models that are missing, load each once, and say how fast it is.

    Example: TICKETS_MODELS=distilled tickets models prepare
    """
    with plain_errors():
        from tickets_cli.model_preparation import prepare_models

        prepare_models(load_settings(), console)


@models_app.command()
def info(json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False) -> None:
    """Show each model: name, revision, engine, compute type, size, place, and whether a run can use it.

    Example: TICKETS_MODELS=distilled tickets models info
    """
    with plain_errors():
        from tickets_cli.model_info import print_info

        print_info(load_settings(), console, as_json=json)


if __name__ == "__main__":
    app()
