"""The local AWS server: ministack, bound to this machine alone, with its state kept in a directory."""

import json
import os
import sys
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from tickets_cli.processes import ManagedProcess

START_SECONDS = 60


def start_aws_server(port: int, state: Path, log: Path) -> ManagedProcess:
    """Start the server and wait until it is healthy. Raises ProcessFailed.

    Stop it with `stop`, which asks first: killed at once it loses queues and tables made since its last clean stop.
    """
    environment = {
        **os.environ,
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",  # its own default is every interface
        "IOT_MTLS_ENABLED": "0",  # with `cryptography` installed it listens on every interface
        "PERSIST_STATE": "1",
        "S3_PERSIST": "1",
        "STATE_DIR": str(state / "state"),
        "S3_DATA_DIR": str(state / "s3"),
        "SERVICES": "s3,sqs,dynamodb,sts",
        "LOG_LEVEL": "WARNING",
    }
    server = ManagedProcess("AWS server", [sys.executable, "-m", "ministack"], environment, log)
    server.wait_until(lambda: health(f"http://127.0.0.1:{port}") is not None, START_SECONDS)
    return server


def health(endpoint: str) -> dict | None:
    """What a ministack server says of itself; None where none answers."""
    try:
        with urlopen(f"{endpoint}/_ministack/health", timeout=2) as response:  # noqa: S310 - our own endpoint
            return json.load(response)
    except (URLError, OSError, ValueError):
        return None
