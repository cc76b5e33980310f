"""`tickets metrics`: its options. The page is served by metrics_server, which loads the definitions."""

import threading
from typing import Annotated

import typer

from resources.aws import require_endpoint
from ticket_assets.settings import load_settings
from tickets_cli.terminal import plain_errors, say

PORT = 9464


def metrics(
    port: Annotated[int, typer.Option(help="Where to listen.")] = PORT,
    host: Annotated[
        str, typer.Option(help="The address to listen on; 0.0.0.0 for a Prometheus elsewhere.")
    ] = "127.0.0.1",
) -> None:
    """Serve the pipeline's numbers for Prometheus at /metrics until Ctrl-C; `tickets up` does so by itself.

    Numbers are asked of the stores and of Dagster's database (DAGSTER_HOME) with each scrape, which makes about 20
    requests whatever the number of batches. Counters begin at 0 when it starts. docs/monitoring.md explains each.

    Example: DAGSTER_HOME=/var/lib/tickets tickets metrics --port 9464
    """
    from tickets_cli.metrics_server import serving  # loads the definitions, and with them the settings

    with plain_errors():
        require_endpoint()
        with serving(load_settings(), port, host) as where:
            say(f"metrics on {where}")
            threading.Event().wait()
