"""An AWS server of a benchmark's own, where it needs nothing else of a stack."""

import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ticket_assets.settings import load_settings
from tickets_cli.aws_server import start_aws_server
from tickets_cli.processes import free_port
from tickets_cli.provisioning import provision


@contextmanager
def local_server() -> Iterator[Path]:
    """A local AWS server, set up, which the environment names from here on; gives a folder that goes with it."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        port, place = free_port(), Path(folder)
        server = start_aws_server(port, place / "aws", place / "aws.log")
        os.environ["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{port}"
        try:
            list(provision(load_settings()))
            yield place
        finally:
            server.stop()
