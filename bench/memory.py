"""How much memory the process of a run needs for a batch of 256 tickets of 1 MiB each.

Of each kind of text without models, and of ASCII with each profile's (DistilBERT and DistilBART of random weights).

The peak is the kernel's own of that process (VmHWM): `ru_maxrss` would count what it had before it was this program.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import dagster as dg
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run_iterator
from rich.table import Table

from bench.common import console, save
from bench.inference_setup import settings
from bench.server import local_server
from resources.aws import concurrently
from tests.fakes import fake_suite
from ticket_assets.assets.policy import BATCHES, PARTITION_TAG
from ticket_assets.definitions import build_definitions, build_models, build_stores
from ticket_assets.domain.intake import MAX_OBJECT_BYTES
from ticket_assets.settings import load_settings
from ticket_assets.stores.batches import Batches

TICKETS, BAR_MB, SECONDS = 256, 1500, 1_200
PROFILES, ENGINE = ("embedded", "distilled"), "ctranslate2"
# By the bytes that a character takes in the object; in Python's own text it takes one, two and four.
LETTERS = {"ASCII": "word ", "three bytes": "\u65e5\u672c\u8a9e\u306e ", "four bytes": "\U0001f600\U0001f601 "}


def main() -> None:
    """Measure each kind of body in a process of its own, over a server of this script's own."""
    with local_server() as place:
        os.environ["TICKETS_STATE_DIR"] = str(place)
        found = {kind: measure(kind, letters) for kind, letters in LETTERS.items()}
        for profile in PROFILES:
            prepare(place, profile)
            found[f"ASCII, {profile}"] = measure(f"ASCII {profile}", LETTERS["ASCII"], str(place), profile)
    table = Table("bodies, models", "before the batch, MB", "peak, MB", "seconds")
    for kind, run in found.items():
        table.add_row(kind, f"{run['before']:.0f}", f"{run['peak']:.0f}", f"{run['seconds']:.0f}")
    console.print(f"[bold]memory of a run over {TICKETS} tickets of 1 MiB; bar {BAR_MB:,} MB", table)
    save("memory", {"question": "resident memory of a run", "bar_mb": BAR_MB, "runs": found})


def prepare(place: Path, profile: str) -> None:
    """Convert the profile's models, outside of the process that is measured."""
    for role in build_models(settings(place, profile, ENGINE)).roles.values():
        role.prepare(lambda _: None)


def measure(kind: str, letters: str, *models: str) -> dict[str, float]:
    """Put a batch of such tickets and enrich it in a new process, with the `models` of a place and a profile."""
    names = load_settings()
    stores = build_stores(names)
    keys = [f"{kind.replace(' ', '-')}-{number}.json" for number in range(TICKETS)]
    concurrently(lambda key: stores["raw_store"].put(key, ticket(key, letters)), keys)
    batch = Batches(stores["pipeline_store"]).land(names.raw_bucket, keys).batch
    command = [sys.executable, "-m", "bench.memory", batch, *models]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=SECONDS)  # noqa: S603 - ourselves
    if done.returncode:
        raise RuntimeError(done.stderr[-2_000:])
    return json.loads(done.stdout)


def ticket(key: str, letters: str) -> bytes:
    """A ticket whose object is as large as one may be, and unlike any other."""
    fields = {"ticket_id": key.removesuffix(".json"), "subject": key, "created_at": 1, "customer_id": "c", "body": ""}
    own = f"{key} "
    room = MAX_OBJECT_BYTES - len(json.dumps(fields)) - len(own)
    body = own + letters * (room // len(letters.encode()))
    return json.dumps({**fields, "body": body}, ensure_ascii=False).encode()


def run(batch: str, place: str = "", profile: str = "") -> dict[str, float]:
    """Enrich the batch in this process; megabytes and seconds."""
    before, begun = memory("VmRSS"), time.monotonic()
    models = build_models(settings(Path(place), profile, ENGINE)) if profile else fake_suite()
    job = build_definitions({"models": models}).resolve_job_def("enrich_tickets")
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(BATCHES.name or "", [batch])
        tags = {PARTITION_TAG: batch}
        # As a run's process does it: `materialize` would keep every asset's value for its caller.
        for event in execute_run_iterator(InMemoryJob(job), instance.create_run_for_job(job, tags=tags), instance):
            if event.is_failure:
                raise RuntimeError(event.message)
    return {"before": before, "peak": memory("VmHWM"), "seconds": round(time.monotonic() - begun, 1)}


def memory(name: str) -> float:
    """A figure of this process's memory, in megabytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith(f"{name}:"))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.stdout.write(json.dumps(run(*sys.argv[1:])))
    else:
        main()
