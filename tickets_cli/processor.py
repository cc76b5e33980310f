"""`ticket-processor`: the daemon and the code server without a web page, as a pod or a service runs them.

AWS is where the environment says (AWS_ENDPOINT_URL, else real AWS); Dagster's home is DAGSTER_HOME.
"""

import os
import signal
import sys
import time

import typer

from resources.aws import AwsUnavailable, aws_errors, endpoint_name, require_endpoint
from resources.queue import SqsQueue
from ticket_assets.settings import SettingsError, load_settings
from tickets_cli.dagster_services import STOP_SECONDS, DagsterServices, prepare_home
from tickets_cli.layout import dagster_home
from tickets_cli.processes import ManagedProcess, ProcessFailed, free_port, undisturbed

RETRY_SECONDS = 3


def run() -> None:
    """Turn tickets into records until SIGTERM or Ctrl-C.

    Example: AWS_ENDPOINT_URL=http://localhost:4566 DAGSTER_HOME=/var/lib/tickets ticket-processor
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    processes: list[ManagedProcess] = []
    try:
        settings = load_settings()
        wait_for_queue(SqsQueue(name=settings.queue))
        prepare_home(dagster_home())
        services = DagsterServices(dagster_home(), os.environ, dagster_home() / "logs", free_port())
        processes.append(services.start_code_server())
        processes.append(services.start_daemon())
        print(f"processing tickets from {settings.queue} at {endpoint_name()}", flush=True)  # noqa: T201
        while True:
            for process in processes:
                process.check()
            time.sleep(1)
    except KeyboardInterrupt:
        return
    except (ProcessFailed, SettingsError) as error:
        sys.exit(f"ticket-processor: {error}")
    finally:
        with undisturbed():
            for process in reversed(processes):
                process.stop(STOP_SECONDS)


def wait_for_queue(queue: SqsQueue) -> None:
    """Return once the queue answers; whatever is still missing is said once, and again when it changes."""
    said = None
    while True:
        try:
            require_endpoint()
            with aws_errors():
                queue.depth()
        except AwsUnavailable as error:
            if str(error) != said:
                said = str(error)
                print(f"waiting: {said}", flush=True)  # noqa: T201
            time.sleep(RETRY_SECONDS)
        else:
            return


def main() -> None:
    """The entry point."""
    typer.run(run)
