"""Stacks that are compared: each `tickets up` in processes of its own, over a state of its own, spoken to directly."""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import dagster as dg

from bench.common import console
from bench.up import UP
from resources.workers.pulse import Pulse
from ticket_assets.settings import Settings
from ticket_generator.generator import TicketGenerator
from tickets_cli import databases
from tickets_cli.processes import ManagedProcess
from tickets_cli.stack import Ports

UP_SECONDS, STOP_SECONDS = 300, 60
CREATED_AT = 1_760_000_000  # of every ticket, so that its item can be got by its key
CREATED: Any = {"N": str(CREATED_AT)}
MOST_KEYS = 100  # that DynamoDB gets at once
AWS = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}


class How(NamedTuple):
    """What a stack runs: with so many warm workers, or the stock launcher where that is none; whose definitions."""

    workers: int = 0
    module: str = "ticket_assets.definitions"


class Side:
    """A running stack."""

    def __init__(self, state: Path, how: How, **settings: str) -> None:
        self.ports, self.workers, self.state = Ports.free(), how.workers, state
        self._settings = Settings()
        self._generator = TicketGenerator()
        endpoint: Any = {"endpoint_url": self.ports.endpoint, **AWS}
        self._s3, self._dynamodb = boto3.client("s3", **endpoint), boto3.client("dynamodb", **endpoint)
        command = [
            sys.executable,
            "-m",
            "bench.up",
            how.module,
            str(self.ports.aws),
            str(self.ports.ui),
            str(how.workers),
        ]
        own = {name: text for name, text in os.environ.items() if not name.startswith(("TICKETS_", "DAGSTER_", "AWS_"))}
        environment = {**own, **settings, "TICKETS_STATE_DIR": str(state)}
        self.process = ManagedProcess("stack", command, environment, state / "up.log")
        self.process.wait_until(lambda: UP in self.process.log.read_text(), UP_SECONDS)

    def put(self, count: int) -> list[str]:
        """Put so many tickets; their ids."""
        tickets = [dict(self._generator.generate(CREATED_AT)) for _ in range(count)]
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

    def enriched(self, ticket_ids: Sequence[str]) -> list[str]:
        """Which of the tickets have an item."""
        found: list[str] = []
        for start in range(0, len(ticket_ids), MOST_KEYS):
            keys = [{"ticket_id": {"S": one}, "created_at": CREATED} for one in ticket_ids[start : start + MOST_KEYS]]
            asked: Any = {self._settings.table: {"Keys": keys, "ProjectionExpression": "ticket_id"}}
            answer = self._dynamodb.batch_get_item(RequestItems=asked)["Responses"]
            found += [item["ticket_id"]["S"] for item in answer[self._settings.table]]
        return found

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
def side(how: How, **settings: str) -> Iterator[Side]:
    """A started side, stopped in the end."""
    with tempfile.TemporaryDirectory(prefix="bench-") as place:
        Path(place).chmod(0o711)  # the user who runs Postgres passes through it where we are root
        (Path(place) / "state").mkdir()
        made = Side(Path(place) / "state", how, **settings)
        try:
            yield made
        finally:
            made.process.stop(STOP_SECONDS)


def in_turns(
    rounds: int, measure: Callable[[Side], float], sides: Mapping[str, How], **settings: str
) -> dict[str, list[float]]:
    """`measure` each stack, by name, `rounds` times in turns; a first time does not count."""
    found: dict[str, list[float]] = {name: [] for name in sides}
    with ExitStack() as stacks:
        running = {name: stacks.enter_context(side(how, **settings)) for name, how in sides.items()}
        for each in running.values():
            pin(each)
            measure(each)
        for number in range(rounds):
            for name, each in running.items():
                found[name].append(round(measure(each), 2))
                console.print(f"[dim]{number + 1}/{rounds} {name}: {found[name][-1]}")
    return found


def pin(stack: Side) -> None:
    """Each worker to a core of its own, with all its threads."""
    cores = sorted(os.sched_getaffinity(0))
    for pid, core in zip(stack.worker_pids() if stack.workers else [], cores, strict=False):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setaffinity(int(thread.name), {core})
