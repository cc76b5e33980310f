"""Stacks that are compared: each `tickets up` in processes of its own, over a state of its own, spoken to directly."""

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import dagster as dg

from resources.workers.pulse import Pulse
from ticket_assets.settings import Settings
from ticket_generator.generator import TicketGenerator
from tickets_cli import databases
from tickets_cli.processes import ManagedProcess
from tickets_cli.stack import Ports

UP_SECONDS, STOP_SECONDS = 300, 60
AWS = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}


class Side:
    """A running stack with so many warm workers, or with the stock launcher where that is none."""

    def __init__(self, state: Path, workers: int, **settings: str) -> None:
        self.ports, self.workers, self.state = Ports.free(), workers, state
        self._settings = Settings()
        self._generator = TicketGenerator()
        endpoint: Any = {"endpoint_url": self.ports.endpoint, **AWS}
        self._s3, self._dynamodb = boto3.client("s3", **endpoint), boto3.client("dynamodb", **endpoint)
        command = [str(Path(sys.executable).with_name("tickets")), "up", "--aws-port", str(self.ports.aws)]
        command += ["--ui-port", str(self.ports.ui), "--workers", str(workers)]
        own = {name: text for name, text in os.environ.items() if not name.startswith(("TICKETS_", "DAGSTER_", "AWS_"))}
        environment = {**own, **settings, "TICKETS_STATE_DIR": str(state)}
        self.process = ManagedProcess(f"stack of {workers}", command, environment, state / "up.log")
        self.process.wait_until(lambda: "Stop with Ctrl-C" in self.process.log.read_text(), UP_SECONDS)

    def put(self, count: int) -> list[str]:
        """Put so many tickets; their ids."""
        tickets = [dict(self._generator.generate(int(time.time()))) for _ in range(count)]
        for ticket in tickets:
            body = json.dumps(ticket, ensure_ascii=False).encode()
            self._s3.put_object(Bucket=self._settings.raw_bucket, Key=f"{ticket['ticket_id']}.json", Body=body)
        return [str(ticket["ticket_id"]) for ticket in tickets]

    def has(self, ticket_id: str) -> bool:
        """Whether the ticket has an item."""
        wanted: Any = {
            "KeyConditionExpression": "ticket_id = :id",
            "ExpressionAttributeValues": {":id": {"S": ticket_id}},
        }
        return self._dynamodb.query(TableName=self._settings.table, **wanted)["Count"] > 0

    def wait_for(self, ticket_ids: Sequence[str], seconds: float) -> None:
        """Wait for all their items. Raises TimeoutError."""
        deadline, missing = time.monotonic() + seconds, list(ticket_ids)
        while missing:
            self.process.check()
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(missing)} tickets are not enriched after {seconds:.0f} s: see {self.state}")
            missing = [one for one in missing if not self.has(one)] if self.has(missing[-1]) else missing
            time.sleep(0.05)

    def runs(self) -> list[dg.RunRecord]:
        """The runs that succeeded, newest first."""
        with dg.DagsterInstance.from_config(str(self.state / "dagster")) as instance:
            return list(instance.get_run_records(dg.RunsFilter(statuses=[dg.DagsterRunStatus.SUCCESS])))

    def worker_pids(self) -> list[int]:
        """The workers' processes, once all are ready."""
        pulse = Pulse(databases.broker(self.state / "redis"))
        while not all(word["ready"] for word in pulse.workers().values()) or len(pulse.workers()) < self.workers:
            self.process.check()
            time.sleep(0.2)
        return [word["pid"] for word in pulse.workers().values()]


@contextmanager
def side(workers: int, **settings: str) -> Iterator[Side]:
    """A started side, stopped in the end."""
    with tempfile.TemporaryDirectory(prefix="bench-") as place:
        Path(place).chmod(0o711)  # the user who runs Postgres passes through it where we are root
        (Path(place) / "state").mkdir()
        made = Side(Path(place) / "state", workers, **settings)
        try:
            yield made
        finally:
            made.process.stop(STOP_SECONDS)
