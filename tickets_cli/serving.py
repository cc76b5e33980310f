"""`tickets serve`: a part of the local stack alone, in the foreground, started in any order by a service manager."""

import os
import signal
import sys
import time
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from resources.aws import endpoint, endpoint_name, is_local
from tickets_cli.aws_server import start_aws_server
from tickets_cli.dagster_services import WEB_MODULE, command, prepare_home
from tickets_cli.layout import PROJECT, dagster_home, state_dir
from tickets_cli.processes import ProcessFailed, is_listening, locked, undisturbed
from tickets_cli.terminal import plain_errors, say

app = typer.Typer(no_args_is_help=True, help="One part of the local stack, until Ctrl-C or SIGTERM.")


@app.command()
def aws() -> None:
    """Run the local AWS server at AWS_ENDPOINT_URL; its state is kept in TICKETS_STATE_DIR.

    Where that is no address of this machine, or something answers there already, there is nothing to do: exit code 0.

    Example: AWS_ENDPOINT_URL=http://127.0.0.1:4566 tickets serve aws
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with plain_errors():
        url, port = endpoint(), urlsplit(endpoint() or "").port
        if not is_local(url) or port is None:
            say(f"{endpoint_name()} is no server of this machine's own: nothing to serve")
            return
        if is_listening(port):
            say(f"something answers at {url} already: nothing to serve")
            return
        _serve_aws(port, state_dir())


@app.command()
def web(port: Annotated[int, typer.Option(help="The page's port.")] = 3000) -> None:
    """Run the Dagster page over DAGSTER_HOME, on 127.0.0.1 alone.

    Example: DAGSTER_HOME=/var/lib/tickets tickets serve web --port 3000
    """
    with plain_errors():
        home, workspace = dagster_home(), PROJECT / "workspace.yaml"
        if not workspace.exists():
            raise ProcessFailed(f"there is no {workspace}: run it in a checkout")
        program = command(WEB_MODULE, "-w", str(workspace), "-h", "127.0.0.1", "-p", str(port))
        prepare_home(home)
        say(f"Dagster UI on http://127.0.0.1:{port}")
        os.execve(program[0], program, {**os.environ, "DAGSTER_HOME": str(home)})  # noqa: S606 - our own command


@app.command()
def prepare() -> None:
    """Make DAGSTER_HOME with the project's settings, unless it has some, for `dagster dev` and the others.

    Example: DAGSTER_HOME=/var/lib/tickets tickets serve prepare
    """
    with plain_errors():
        prepare_home(dagster_home())


def _serve_aws(port: int, state: Path) -> None:
    with locked(state / "aws"):
        server = start_aws_server(port, state / "aws", state / "logs" / "aws.log")
        try:
            say(f"AWS server on {endpoint_name()}")
            while True:
                server.check()
                time.sleep(1)
        except KeyboardInterrupt:
            return
        finally:
            with undisturbed():
                server.stop()
