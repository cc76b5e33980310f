"""`tickets status`: where the pipeline stands, in one screen."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import UTC, datetime
from itertools import islice

import dagster as dg
from rich.console import Console
from rich.table import Table
from rich.text import Text

from resources.aws import endpoint_name
from resources.display import plain
from resources.object_store import S3ObjectStore
from resources.provision import ProvisionError
from resources.queue import SqsQueue
from ticket_assets.assets.policy import PARTITION_TAG
from ticket_assets.settings import Settings
from ticket_assets.stores.batches import Batches
from ticket_assets.stores.quarantine import MESSAGES, OBJECTS
from tickets_cli.dagster_services import existing_instance
from tickets_cli.layout import dagster_home
from tickets_cli.provisioning import check_redrive

COUNTED = 1_000  # a page of a listing; `tickets reconcile` counts all
LAST_RUNS = 5


def print_status(settings: Settings, console: Console) -> None:
    """Print it. Raises what an unreachable server raises."""
    queue = SqsQueue(name=settings.queue).depth()  # first: it tells at once whether the server is there
    pipeline, records = S3ObjectStore(bucket=settings.pipeline_bucket), S3ObjectStore(bucket=settings.enriched_bucket)
    batches = Batches(pipeline)
    # AWS is asked while Dagster's instance is opened, once: that takes as long as all it is asked.
    with ThreadPoolExecutor() as beside:
        dead = beside.submit(SqsQueue(name=settings.dead_letter_queue).depth)
        redrive = beside.submit(check_redrive, settings)
        counts = {
            "raw objects": beside.submit(_count, S3ObjectStore(bucket=settings.raw_bucket)),
            "records": beside.submit(_count, records),
            "quarantined": beside.submit(_count, pipeline, OBJECTS),
            "bad messages": beside.submit(_count, pipeline, MESSAGES),
        }
        pending, failures = beside.submit(batches.pending), beside.submit(batches.failures)
        deferred = beside.submit(lambda: sum(1 for _ in batches.deferred()))
        opened = existing_instance()
    with opened or nullcontext() as instance:
        console.print(f"[green]●[/] server {endpoint_name()}", highlight=False)
        console.print(_line(f"queue {settings.queue}", queue))
        console.print(_line(f"queue {settings.dead_letter_queue}", dead.result()))
        try:
            redrive.result()
        except ProvisionError as error:
            console.print(Text(f"✗ {error}", "red"))
        console.print(_line("tickets", {name: count.result() for name, count in counts.items()}))
        states = {"not yet running": len(pending.result()), **(_runs_by_state(instance) if instance else {})}
        if deferred.result():
            states["deferred"] = deferred.result()
        console.print(_line("batches", states))
        for failure in failures.result():
            what = f" at {failure.at}: {plain(failure.error)} (run {failure.run_id})"
            console.print(Text.assemble((f"✗ batch {failure.batch} failed", "red"), what))
        if instance:
            _print_last_runs(instance, console)
        else:
            console.print(f"  Dagster: no instance in {dagster_home()} (set DAGSTER_HOME to see its runs)")


def _line(name: str, counts: dict) -> str:
    return f"  {name}: " + ", ".join(f"{count} {what}" for what, count in counts.items())


def _count(store: S3ObjectStore, prefix: str = "") -> str:
    counted = sum(1 for _ in islice(store.list_keys(prefix), COUNTED))
    return f"{counted:,}" + ("+" if counted == COUNTED else "")


def _runs_by_state(instance: dg.DagsterInstance) -> dict[str, int]:
    states = ("QUEUED", "STARTED", "SUCCESS", "FAILURE", "CANCELED")
    counts = {s: instance.get_runs_count(dg.RunsFilter(statuses=[dg.DagsterRunStatus(s)])) for s in states}
    return {f"runs {state.lower()}": count for state, count in counts.items()}


def _print_last_runs(instance: dg.DagsterInstance, console: Console) -> None:
    heads = ("batch or job", "run", "state", "started", "seconds")
    table = Table(*heads, title="last runs", title_justify="left", box=None)  # a box would break keys at 80 columns
    for record in instance.get_run_records(limit=LAST_RUNS):
        run, start, end = record.dagster_run, record.start_time, record.end_time
        began = f"{datetime.fromtimestamp(start, UTC):%Y-%m-%d %H:%M:%S}" if start else ""
        took = f"{end - start:.1f}" if start and end else ""
        name, state = run.tags.get(PARTITION_TAG, run.job_name), run.status.value.lower()
        table.add_row(name, run.run_id[:8], state, began, took)
    console.print(table)
