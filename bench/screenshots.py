"""`make screenshots`: a stack on free ports with demo tickets, and the pictures of its pages that docs/ show.

Usage: python -m bench.screenshots [NAME ...], for those alone.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import dagster as dg
from rich.console import Console

from bench.browser import Page, browser
from resources.aws import client
from ticket_assets.assets.freshness import ASSET, CHECK
from ticket_assets.definitions import build_definitions
from ticket_assets.settings import load_settings
from ticket_generator.bad_tickets import bad_objects
from tickets_cli.dagster_services import existing_instance
from tickets_cli.demo import Watched
from tickets_cli.layout import PROJECT
from tickets_cli.seeding import put_tickets
from tickets_cli.stack import Ports, Stack, running_stack

DOCS = PROJECT / "docs"
REPOSITORY = "https://github.com/acme/ticket-enrichment"  # so that links to code show no path of this machine
GROUPS, TICKETS = 4, 20
SECONDS = 400
SETTLE_SECONDS = 3  # a graph is laid out, then moved into view
LOCATION = "/locations/__repository__@tickets"


class Shot(NamedTuple):
    """A picture: the page's path, the texts to click or to wait for in order, and the size in CSS pixels."""

    path: str
    awaited: str
    clicked: str = ""
    then: str = ""
    of: str = "page"  # the stack's address that the path belongs to
    width: int = 1400
    height: int = 800


SHOTS = {
    "lineage": Shot(f"{LOCATION}/asset-groups/ticket_enrichment/lineage", "ticket_metadata", width=1890, height=820),
    "plots": Shot("/assets/classified_tickets?view=overview", "milliseconds_per_ticket", "Plots", height=900),
    "report": Shot(
        "/assets/pipeline_report?view=overview", "tickets_enriched", "[Show Markdown]", "Tickets an hour", height=1000
    ),
    "checks": Shot("/assets/ticket_books?view=checks", "no_ticket_waits_too_long", "no_ticket_waits_too_long"),
    "backfill": Shot(f"{LOCATION}/jobs/enrich_tickets/partitions", "Backfill history", "Materialize…"),
    "board": Shot("/urgent", "Critical or high", of="triage", width=1200, height=760),
}


def main(names: list[str]) -> None:
    """Take the pictures of these names, all where there are none."""
    os.environ |= {"TICKETS_SOURCE_URL": REPOSITORY, "TICKETS_BATCH_WINDOW_SECONDS": "1", "TICKETS_SHOW_TEXT": "true"}
    os.environ.pop("DAGSTER_HOME", None)
    with tempfile.TemporaryDirectory(prefix="screenshots-") as place:
        os.environ["TICKETS_STATE_DIR"] = place
        with running_stack(Path(place), Ports.free(), print) as stack:
            fill(stack)
            with browser() as page:
                for name in names or SHOTS:
                    take(page, stack.ports, name)


def take(page: Page, ports: Ports, name: str) -> None:
    """One picture, into docs/."""
    shot = SHOTS[name]
    page.size(shot.width, shot.height)
    page.open(f"{getattr(ports, shot.of)}{shot.path}")
    page.wait_for_text(shot.awaited)
    if shot.clicked:
        page.click(shot.clicked)
    if shot.then:
        page.wait_for_text(shot.then)
    time.sleep(SETTLE_SECONDS)
    page.picture(DOCS / f"{name}.png")
    print(f"docs/{name}.png")


def fill(stack: Stack) -> None:
    """Some batches of tickets and three bad objects, then the books and the report."""
    settings = load_settings()
    for group in range(GROUPS):
        good = put_tickets(settings.raw_bucket, TICKETS, group, Console(quiet=True))
        bad = bad_objects() if group == 0 else []
        for key, body in bad:
            client("s3").put_object(Bucket=settings.raw_bucket, Key=key, Body=body)
        wait_until(Watched(settings, good, [key for key, _ in bad]).look, stack)
    instance = existing_instance()
    if instance is None:
        raise RuntimeError("the stack has no Dagster home")
    with instance:
        started = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])
        wait_until(lambda: not instance.get_runs_count(started), stack)
        job = build_definitions(settings=settings).resolve_job_def("reconcile_tickets")
        job.execute_in_process(instance=instance)
        told = instance.event_log_storage.get_latest_asset_check_execution_by_key
        wait_until(lambda: bool(told([dg.AssetCheckKey(ASSET, CHECK)])), stack)


def wait_until(done: Callable[[], bool], stack: Stack) -> None:
    """Raises TimeoutError."""
    deadline = time.monotonic() + SECONDS
    while not done():
        stack.check()
        if time.monotonic() > deadline:
            raise TimeoutError(f"not done in {SECONDS} s")
        time.sleep(1)


if __name__ == "__main__":
    main(sys.argv[1:])
