"""A part of `bench.scale`: what the same things cost where many batches have been enriched before.

One batch is enriched, and Dagster's rows of its run are written again for every other batch: the run with its tags,
the partition, and what its assets and checks told, in their real size. The log of each run, a file of its own, is not.
"""

import json
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from urllib.request import Request, urlopen

import dagster as dg
from rich.console import Console

from bench.common import seconds_of
from bench.parts import Parts, parts
from bench.scale_queue import MEBIBYTE, Ticks
from resources.aws import client, concurrently
from ticket_assets.assets.policy import PARTITION_TAG
from ticket_assets.definitions import ASSETS
from tickets_cli.layout import dagster_home
from tickets_cli.provisioning import provision
from tickets_cli.seeding import put_tickets

ROUNDS = 3
STATUS_BAR = 3
MOST_OBJECTS = 12_000  # raw and enriched, to be listed
RUN_SECONDS = 300
WRITTEN = {"runs.db": ("runs", "run_tags"), "runs/index.db": ("event_logs", "asset_check_executions")}
STATS = "{ assetNodes { partitionStats { numMaterialized numPartitions numFailed numMaterializing } } }"
HEALTH = """{ assetNodes { partitionKeysByDimension { name partitionKeys } assetPartitionStatuses {
  ... on DefaultPartitionStatuses { materializedPartitions failedPartitions unmaterializedPartitions } } } }"""
QUEUED, RUNS, STARTED = "sensor and queue, put to launch", "run's start, launch to first step", "run seconds"


def partitions(sizes: Sequence[int]) -> dict[str, dict[str, float]]:
    """Seconds of each thing, where there are so many batches: medians, or the first time where that is said."""
    found: dict[str, dict[str, float]] = {}
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as place,
        parts(Path(place), TICKETS_BATCH_WINDOW_SECONDS="0", TICKETS_MAX_PARTITIONS="100000") as stack,
    ):
        ticks = Ticks(stack)
        stack.start()
        pattern = _enrich(stack)
        objects = batches = 0
        for size in sorted(sizes):
            stack.wait_until_idle(RUN_SECONDS)
            stack.services.stop()
            _add_batches(pattern.dagster_run, range(batches, size))
            _add_objects(stack, range(objects, min(size, MOST_OBJECTS)))
            batches, objects = size, min(size, MOST_OBJECTS)
            found[f"{size:,}"] = {**_asleep(stack, ticks), **_awake(stack)}
    return found


def _asleep(stack: Parts, ticks: Ticks) -> dict[str, float]:
    """What is measured without the services, for whom the messages else would be."""
    ticking = []
    for _ in range(ROUNDS):
        put_tickets(stack.settings.raw_bucket, 1, None, Console(quiet=True))
        ticking.append(ticks.tick())
    status = [sys.executable, "-m", "tickets_cli.main", "status"]
    return {
        "tick of the queue sensor": statistics.median(ticking),
        f"tickets status, whole process (at most {STATUS_BAR})": _median(
            lambda: subprocess.run(status, check=True, capture_output=True)  # noqa: S603 - our own
        ),
        "materialized partitions of all assets, asked of Dagster": _median(
            lambda: [stack.instance.get_materialized_partitions(asset.key) for asset in ASSETS]
        ),
        "partitions that Dagster takes for materialized": len(
            stack.instance.get_materialized_partitions(ASSETS[-1].key)
        ),
        "MiB of Dagster's databases": sum((dagster_home() / "history" / name).stat().st_size for name in WRITTEN)
        / MEBIBYTE,
    }


def _awake(stack: Parts) -> dict[str, float]:
    """What is measured of the running services; the batches that were landed before go first."""
    page = stack.start()
    first = {
        "partition counts of all assets in the UI, first time": seconds_of(lambda: _ask(page, STATS)),
        f"partition counts again (at most {STATUS_BAR})": _median(lambda: _ask(page, STATS)),
        f"each partition's state, all assets (at most {STATUS_BAR})": _median(lambda: _ask(page, HEALTH)),
    }
    stack.wait_until_idle(RUN_SECONDS)
    waits: list[dict[str, float]] = []
    for _ in range(ROUNDS):
        begun = time.time()
        run = _enrich(stack)
        events = stack.instance.all_logs(run.dagster_run.run_id, of_type=dg.DagsterEventType.PIPELINE_STARTING)
        start, launched = run.start_time or 0, events[0].timestamp
        waits.append({QUEUED: launched - begun, RUNS: start - launched, STARTED: (run.end_time or 0) - start})
    return first | {name: statistics.median(wait[name] for wait in waits) for name in (QUEUED, RUNS, STARTED)}


def _enrich(stack: Parts) -> dg.RunRecord:
    """Put a ticket; the run that enriches it."""
    before = stack.instance.get_run_records(limit=1)
    put_tickets(stack.settings.raw_bucket, 1, None, Console(quiet=True))
    known = before[0].dagster_run.run_id if before else None
    while (last := stack.instance.get_run_records(limit=1)) == [] or last[0].dagster_run.run_id == known:
        stack.services.check()
        time.sleep(0.05)
    ended = dg.RunsFilter(run_ids=[last[0].dagster_run.run_id], statuses=[dg.DagsterRunStatus.SUCCESS])
    return stack.wait_for_run(ended, RUN_SECONDS)


def _add_batches(pattern: dg.DagsterRun, numbers: range) -> None:
    """Write the rows of the run again, for so many batches of keys of their own."""
    batch = pattern.tags[PARTITION_TAG]
    made = [(str(uuid.uuid4()), f"{batch.partition('-')[0]}-{number:08x}") for number in numbers]
    for name, tables in WRITTEN.items():
        with closing(sqlite3.connect(dagster_home() / "history" / name)) as database, database:
            for table in tables:
                _write_again(database, table, (pattern.run_id, batch), made)
    with closing(sqlite3.connect(dagster_home() / "history" / "runs/index.db")) as database, database:
        names = [("ticket_batches", key) for _, key in made]
        database.executemany("INSERT INTO dynamic_partitions (partitions_def_name, partition) VALUES (?, ?)", names)


def _write_again(
    database: sqlite3.Connection, table: str, old: tuple[str, str], made: Sequence[tuple[str, str]]
) -> None:
    # Dagster mirrors a run's changes of state here too: its daemon would catch up with each of them.
    which = "run_id = ? AND asset_key IS NOT NULL" if table == "event_logs" else "run_id = ?"
    found = database.execute(f"SELECT * FROM {table} WHERE {which}", old[:1])  # noqa: S608 - our own names
    columns = [column[0] for column in found.description]
    rows = [row[1:] for row in found.fetchall()]  # all but `id`
    assert columns[0] == "id"
    holes = ", ".join("?" * len(columns[1:]))

    def renamed() -> Iterator[list[object]]:
        for run_id, key in made:
            for row in rows:
                yield [
                    cell.replace(old[0], run_id).replace(old[1], key) if isinstance(cell, str) else cell for cell in row
                ]

    database.executemany(f"INSERT INTO {table} ({', '.join(columns[1:])}) VALUES ({holes})", renamed())  # noqa: S608


def _add_objects(stack: Parts, numbers: range) -> None:
    """So many objects in the raw and in the enriched bucket, to be listed; none sends a message."""
    stack.silence()
    for bucket in (stack.settings.raw_bucket, stack.settings.enriched_bucket):
        concurrently(
            lambda n, bucket=bucket: client("s3").put_object(Bucket=bucket, Key=f"A-{n:06d}.json", Body=b"{}"), numbers
        )
    list(provision(stack.settings))


def _ask(page: int, query: str) -> None:
    body = json.dumps({"query": query}).encode()
    request = Request(f"http://127.0.0.1:{page}/graphql", body, {"Content-Type": "application/json"})
    with urlopen(request, timeout=RUN_SECONDS) as response:  # noqa: S310 - our own page
        answer = json.load(response)
    if "errors" in answer:
        raise RuntimeError(str(answer["errors"][:1]))


def _median(work: Callable[[], object]) -> float:
    return statistics.median(seconds_of(work) for _ in range(ROUNDS))
