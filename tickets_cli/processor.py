"""`ticket-processor`: the daemon and the code server without a web page, as a pod or a service runs them.

AWS is where the environment says (AWS_ENDPOINT_URL, else real AWS); Dagster's home is DAGSTER_HOME.
"""

import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import typer

from resources.aws import AwsUnavailable, BadEndpoint, endpoint_name, patiently
from resources.provision import ProvisionError
from ticket_assets.settings import SettingsError, load_settings
from tickets_cli.dagster_services import STOP_SECONDS, DagsterServices, prepare_home
from tickets_cli.layout import dagster_home
from tickets_cli.processes import ManagedProcess, ProcessFailed, free_port, locked, undisturbed
from tickets_cli.provisioning import check_redrive


def run() -> None:
    """Turn tickets into records until SIGTERM or Ctrl-C.

    Example: AWS_ENDPOINT_URL=http://localhost:4566 DAGSTER_HOME=/var/lib/tickets ticket-processor
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    processes: list[ManagedProcess] = []
    home = dagster_home()
    try:
        settings = load_settings()
        with locked(home):
            # Until the server is up and set up: services start in any order.
            patiently(lambda: check_redrive(settings), float("inf"), say, AwsUnavailable)
            prepare_home(home)
            services = DagsterServices(home, os.environ, home / "logs", free_port())
            processes.append(services.start_code_server())
            processes.append(services.start_daemon())
            say(f"processing tickets from {settings.queue} at {endpoint_name()}")
            while True:
                for process in processes:
                    process.check()
                time.sleep(1)
    except KeyboardInterrupt:
        return
    except OSError as error:
        sys.exit(f"ticket-processor: {error} (DAGSTER_HOME={home})")
    except (BadEndpoint, ProcessFailed, ProvisionError, SettingsError) as error:
        sys.exit(f"ticket-processor: {error}")
    finally:
        with undisturbed(), ThreadPoolExecutor() as pool:
            list(pool.map(lambda process: process.stop(STOP_SECONDS), processes))


def say(line: str) -> None:
    """A line of this service's log."""
    print(line, flush=True)  # noqa: T201


def main() -> None:
    """The entry point."""
    typer.run(run)
