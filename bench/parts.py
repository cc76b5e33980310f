"""A stack in parts, for benchmarks that begin before Dagster does: tickets wait, or Dagster's databases are filled."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import dagster as dg
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

from resources.aws import client
from resources.object_store import S3ObjectStore
from tests.support import forget_clients
from ticket_assets.settings import Settings, load_settings
from ticket_assets.stores.batches import Batches
from tickets_cli.aws_server import start_aws_server
from tickets_cli.dagster_services import DagsterServices, prepare_home
from tickets_cli.processes import free_port, undisturbed
from tickets_cli.provisioning import provision


class Parts(NamedTuple):
    """The AWS server runs and is set up; Dagster's databases are made; its services are not started."""

    settings: Settings
    instance: dg.DagsterInstance
    services: DagsterServices

    def start(self) -> int:
        """Start the services as `tickets up` does, the daemon last; returns the web page's port."""
        page = free_port()
        self.services.start_code_server()
        self.services.start_webserver(page)
        self.services.start_daemon()
        return page

    def succeeded(self) -> list[dg.RunRecord]:
        """The runs that succeeded, newest first."""
        return list(self.instance.get_run_records(dg.RunsFilter(statuses=[dg.DagsterRunStatus.SUCCESS])))

    def silence(self) -> None:
        """Let puts send no messages from now on."""
        client("s3").put_bucket_notification_configuration(
            Bucket=self.settings.raw_bucket, NotificationConfiguration={}
        )

    def wait_for_run(self, wanted: dg.RunsFilter, seconds: float) -> dg.RunRecord:
        """The first run of these, once there is one. Raises TimeoutError."""
        deadline = time.monotonic() + seconds
        while not (found := self.instance.get_run_records(wanted, limit=1)):
            self._wait(deadline, "no such run")
        return found[0]

    def wait_until_idle(self, seconds: float) -> None:
        """Wait until no batch waits for its run and every run has ended. Raises TimeoutError."""
        deadline = time.monotonic() + seconds
        batches = Batches(S3ObjectStore(bucket=self.settings.pipeline_bucket))
        unfinished = dg.RunsFilter(statuses=list(NOT_FINISHED_STATUSES))
        while batches.pending() or self.instance.get_runs_count(unfinished):
            self._wait(deadline, "batches or runs are still under way")

    def wait_for_items(self, count: int, last: str, seconds: float) -> None:
        """Wait until the table has so many items; counts them once the ticket `last` has one. Raises TimeoutError."""
        deadline = time.monotonic() + seconds
        while not (self._has(last) and self._items() >= count):
            self._wait(deadline, f"not all of {count} tickets are enriched")

    def _wait(self, deadline: float, trouble: str) -> None:
        self.services.check()
        if time.monotonic() > deadline:
            raise TimeoutError(trouble)
        time.sleep(0.5)

    def _has(self, ticket_id: str) -> bool:
        found = client("dynamodb").query(
            TableName=self.settings.table,
            KeyConditionExpression="ticket_id = :id",
            ExpressionAttributeValues={":id": {"S": ticket_id}},
        )
        return found["Count"] > 0

    def _items(self) -> int:
        pages = client("dynamodb").get_paginator("scan").paginate(TableName=self.settings.table, Select="COUNT")
        return sum(page["Count"] for page in pages)


def step_seconds(instance: dg.DagsterInstance, run_id: str) -> dict[str, float]:
    """How long each step of a run took, the reading of its inputs and the writing of its output included."""
    steps = instance.get_run_step_stats(run_id)
    return {step.step_key: (step.end_time or 0) - (step.start_time or 0) for step in steps}


@contextmanager
def parts(
    state: Path, module: str = "ticket_assets.definitions", runs: int | None = None, /, **changes: str
) -> Iterator[Parts]:
    """The parts of a stack over an empty state, on free ports, with `module`'s definitions; stopped in the end.

    So many `runs` may go on at a time, as many as there are cores if that is None. `changes` are environment
    variables that all its processes and this one have meanwhile.
    """
    home, port, before = state / "dagster", free_port(), dict(os.environ)
    os.environ.update(TICKETS_STATE_DIR=str(state), AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}", **changes)
    os.environ.pop("DAGSTER_HOME", None)
    forget_clients()
    services = DagsterServices(home, os.environ, state / "logs", free_port(), module)
    aws = start_aws_server(port, state / "aws", state / "logs" / "aws.log")
    try:
        settings = load_settings()
        list(provision(settings))
        prepare_home(home, runs=runs)
        with dg.DagsterInstance.from_config(str(home)) as instance:
            yield Parts(settings, instance, services)
    finally:
        with undisturbed() as hurry:
            services.stop(hurry)
            aws.stop()
        os.environ.clear()
        os.environ.update(before)
        forget_clients()
