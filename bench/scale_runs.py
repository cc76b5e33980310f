"""Two parts of `bench.scale` that run the pipeline: a batch's cost by its size; many tickets, counted and balanced."""

import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import dagster as dg
from rich.console import Console

from bench.counting import COUNTS, MARK, counted
from bench.parts import Parts, parts
from bench.spent import BESIDE_BAR, FULL, spent
from resources.aws import client, concurrently
from resources.object_store import S3ObjectStore
from ticket_assets.assets.policy import PARTITION_TAG
from ticket_assets.assets.runs import batches_at_work
from ticket_assets.definitions import ASSETS, build_stores
from ticket_assets.stores.batches import Batches
from ticket_assets.stores.books import reconcile
from ticket_assets.stores.inventory import Stores
from tickets_cli.seeding import put_tickets

ROUNDS = 3
STEPS = [asset.key.path[-1] for asset in ASSETS]
RUN_SECONDS, ALL_SECONDS = 300, 3_000


def batches(sizes: Sequence[int]) -> dict[str, dict[str, float]]:
    """Seconds of a run by the batch's size, stock configuration: medians, runs one after another."""
    found = {}
    with tempfile.TemporaryDirectory(prefix="bench-") as place, parts(Path(place)) as stack:
        stack.silence()
        stack.start()
        for size in sizes:
            runs = [_run_of(stack, size) for _ in range(ROUNDS)]
            every = [spent(stack.instance, run) for run in runs]
            beside = [one.start + one.others for one in every]
            found[f"{size}"] = {
                "process's start, to the run's": statistics.median(one.start for one in every),
                "models, their loading included": statistics.median(one.models for one in every),
                "all else": statistics.median(one.others for one in every),
                f"beside the models and their loading (at most {BESIDE_BAR} for {FULL})": statistics.median(beside),
                "least": min(beside),
                "most": max(beside),
                **{f"step {name}": statistics.median(one.steps[name] for one in every) for name in STEPS},
            }
    return found


def _run_of(stack: Parts, size: int) -> dg.RunRecord:
    """Land a batch of so many new tickets; its run, once it has succeeded."""
    keys = put_tickets(stack.settings.raw_bucket, size, None, Console(quiet=True))
    batch = Batches(S3ObjectStore(bucket=stack.settings.pipeline_bucket)).land(stack.settings.raw_bucket, keys).batch
    wanted = dg.RunsFilter(tags={PARTITION_TAG: batch}, statuses=[dg.DagsterRunStatus.SUCCESS])
    return stack.wait_for_run(wanted, RUN_SECONDS)


def tickets(sizes: Sequence[int]) -> dict[str, dict[str, float]]:
    """So many tickets that wait, through the whole pipeline with a model that counts; then its books."""
    return {f"{size:,}": _counted(size) for size in sizes}


def _counted(count: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="bench-") as place:
        counts = Path(place) / "counts"
        counts.mkdir()
        with parts(Path(place) / "state", "bench.counting", **{COUNTS: str(counts)}) as stack:
            names = [f"T-{number:07d}" for number in range(count)]
            concurrently(lambda name: _put(stack, name), names)
            stack.start()
            begun = time.monotonic()
            stack.wait_for_items(count, names[-1], ALL_SECONDS)
            seconds = time.monotonic() - begun
            stack.wait_until_idle(ALL_SECONDS)
            stores = Stores.of(build_stores(stack.settings))
            books = reconcile(stores, lambda: batches_at_work(stack.instance)).books
            met = counted(counts)
            return {
                "seconds until all have an item": seconds,
                "tickets a second": count / seconds,
                "inferred once": sum(times == 1 for times in met.values()),
                "inferred more than once": sum(times > 1 for times in met.values()),
                "never inferred": len(set(names) - met.keys()),
                "runs": len(stack.succeeded()),
                "books: enriched": books.enriched,
                "books: anything else": books.received - books.enriched + books.orphaned,
                "books balanced (1) or not (0)": int(books.balanced),
            }


def _put(stack: Parts, name: str) -> None:
    ticket = {
        "ticket_id": name,
        "subject": f"{MARK} {name}",
        "body": f"Nobody has answered {name} since Monday, so please do have a look at this soon.",
        "created_at": 1_760_000_000,
        "customer_id": "CUST-1",
    }
    client("s3").put_object(Bucket=stack.settings.raw_bucket, Key=f"{name}.json", Body=json.dumps(ticket).encode())
