"""`tickets demo`: the whole system, from an empty machine to enriched tickets on the screen."""

import time
from collections.abc import Callable, Sequence

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from resources.aws import client, concurrently
from resources.dynamodb import DynamoDBTable, from_item
from resources.object_store import S3ObjectStore
from ticket_assets.definitions import build_stores
from ticket_assets.domain.quarantine import QuarantineEntry
from ticket_assets.settings import Settings, load_settings
from ticket_assets.stores.quarantine import Quarantine
from ticket_generator.bad_tickets import bad_objects
from tickets_cli.layout import state_dir
from tickets_cli.seeding import put_tickets
from tickets_cli.stack import Ports, Stack, running_stack
from tickets_cli.tables import print_quarantined, print_tickets


class Watched:
    """The demo's own tickets, asked for in the stores where a reader would look."""

    def __init__(self, settings: Settings, good: Sequence[str], bad: Sequence[str]) -> None:
        stores = build_stores(settings)
        self._records: S3ObjectStore = stores["record_store"]
        self._table: DynamoDBTable = stores["table"]
        self._quarantine = Quarantine(stores["pipeline_store"], self._records)
        self.missing, self.awaited = list(good), list(bad)
        self.items: list[dict] = []
        self.quarantined: list[QuarantineEntry] = []

    def look(self) -> bool:
        """Look for what was still missing; returns whether every ticket is enriched or in quarantine."""
        found = dict(zip(self.missing, concurrently(self._item, self.missing), strict=True))
        self.items += [item for item in found.values() if item]
        self.missing = [key for key, item in found.items() if not item]
        entries = {key: self._quarantine.find(key) for key in [*self.awaited, *self.missing]}
        self.quarantined += [entry for entry in entries.values() if entry]
        self.awaited = [key for key in self.awaited if not entries[key]]
        self.missing = [key for key in self.missing if not entries[key]]
        return not self.missing and not self.awaited

    def _item(self, key: str) -> dict | None:
        items = self._table.items(key.removesuffix(".json"))
        return from_item(items[0]) if items and self._records.head(key) else None


def run_demo(count: int, timeout: float, console: Console, say: Callable[[str], None]) -> bool:
    """Run it; returns whether every good ticket was enriched and every bad one quarantined."""
    begun = time.monotonic()
    with running_stack(state_dir(), Ports.free(), say) as stack:
        ready = time.monotonic()
        settings = load_settings()
        good = put_tickets(settings.raw_bucket, count, None, console)
        bad = bad_objects()
        for key, body in bad:
            client("s3").put_object(Bucket=settings.raw_bucket, Key=key, Body=body)
        put = time.monotonic()
        watched = Watched(settings, good, [key for key, _ in bad])
        complete = follow(watched, stack, len(good) + len(bad), timeout, console)
        done = time.monotonic()
        show(watched, console)
    console.print(
        f"[bold]Timing[/] stack up in {ready - begun:.1f} s, {len(good) + len(bad)} objects put in {put - ready:.1f} s,"
    )
    if complete:
        console.print(
            f"  all enriched or quarantined {done - put:.1f} s later ({(done - put) / count:.2f} s a ticket)."
        )
    console.print(
        "[bold]Look further[/] run `make up` and open http://localhost:3000: these runs, their lineage and plots."
    )
    wrong = [entry.key for entry in watched.quarantined if entry.key in good]
    if wrong:
        console.print(f"[red]error:[/] {len(wrong)} good tickets are in quarantine: {', '.join(wrong[:10])}")
    return complete and not wrong


def follow(watched: Watched, stack: Stack, total: int, timeout: float, console: Console) -> bool:
    """Show progress until all is done, the time is up, or a process dies; says what is missing."""
    deadline = time.monotonic() + timeout
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("enriched or quarantined", total=total)
        while not (complete := watched.look()) and time.monotonic() < deadline:
            progress.update(task, completed=len(watched.items) + len(watched.quarantined))
            stack.check()
            time.sleep(1)
        progress.update(task, completed=len(watched.items) + len(watched.quarantined))
    lost = watched.missing + watched.awaited
    if lost:
        console.print(
            f"[red]error:[/] {len(lost)} of {total} tickets are missing after {timeout:.0f} s: {', '.join(lost[:10])}"
        )
    return complete


def show(watched: Watched, console: Console) -> None:
    """The tables that support staff would ask for."""
    newest = sorted(watched.items, key=lambda item: item["created_at"], reverse=True)
    print_tickets("Enriched tickets", newest, console)
    print_tickets("Urgent: critical or high", [t for t in newest if t["urgency"] in ("critical", "high")], console)
    print_tickets("Negative", [t for t in newest if t["sentiment"] == "NEGATIVE"], console)
    print_quarantined(watched.quarantined, console)
