"""`ticket-processor`: the daemon and the code server without a web page, as a pod or a service runs them.

AWS is where the environment says (AWS_ENDPOINT_URL, else real AWS); Dagster's home is DAGSTER_HOME.
"""

import os
import signal
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from resources.aws import AwsUnavailable, BadEndpoint, endpoint_name
from resources.patience import patiently
from resources.provision import ProvisionError
from ticket_assets.settings import SettingsError, load_settings
from tickets_cli.dagster_services import RUNS_SECONDS, DagsterServices, prepare_home
from tickets_cli.layout import dagster_home
from tickets_cli.processes import InUse, ProcessFailed, free_port, locked, undisturbed
from tickets_cli.provisioning import check_redrive


def run(
    unless_running: Annotated[
        bool, typer.Option("--unless-running", help="Do nothing where one works for this DAGSTER_HOME.")
    ] = False,
    stop_seconds: Annotated[float, typer.Option(min=0, help="What a stop gives to runs in progress.")] = RUNS_SECONDS,
) -> None:
    """Turn tickets into records until SIGTERM or Ctrl-C.

    Example: AWS_ENDPOINT_URL=http://localhost:4566 DAGSTER_HOME=/var/lib/tickets ticket-processor
    """
    home = dagster_home()
    services = DagsterServices(home, os.environ, home / "logs", free_port(), runs_seconds=stop_seconds)
    serve(home, services, unless_running=unless_running)


def serve(home: Path, services: DagsterServices, *, unless_running: bool = False) -> None:
    """Run `services` over `home` until SIGTERM, Ctrl-C, or the end of one of their processes (exit code 1)."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        _process(home, services)
    except KeyboardInterrupt:
        return
    except InUse as error:
        if not unless_running:
            sys.exit(f"ticket-processor: {error}")
        say(f"it is running already: {error}")
    except OSError as error:
        sys.exit(f"ticket-processor: {error} (DAGSTER_HOME={home})")
    except (BadEndpoint, ProcessFailed, ProvisionError, SettingsError) as error:
        sys.exit(f"ticket-processor: {error}")


def _process(home: Path, services: DagsterServices) -> None:
    settings = load_settings()
    with locked(home):
        try:
            # Until the server is up and set up: services start in any order.
            patiently(lambda: check_redrive(settings), float("inf"), say, AwsUnavailable)
            prepare_home(home)
            services.start_code_server()
            services.start_daemon()
            say(f"processing tickets from {settings.queue} at {endpoint_name()}")
            while True:
                services.check()
                time.sleep(1)
        finally:
            with undisturbed() as hurry:
                cut = services.stop(hurry)
            if cut:
                say(f"{cut} runs were cut: their batches are run again at the next start")


def say(line: str) -> None:
    """A line of this service's log."""
    print(line, flush=True)  # noqa: T201


def main() -> None:
    """The entry point."""
    typer.run(run)
