"""`tickets forget`: removes a person's tickets from every store, and proves it by looking into every store again.

Label files are their owners' to edit: it names the lines that were learnt from such a ticket.
"""

import logging
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table

from resources.aws import require_endpoint
from resources.display import plain
from resources.dynamodb import DynamoDBTable
from resources.object_store import S3ObjectStore
from resources.queue import SqsQueue
from ticket_assets.domain.erasure import Wanted, is_ticket_id
from ticket_assets.domain.intake import object_key
from ticket_assets.domain.items import MAX_INDEX_KEY_BYTES
from ticket_assets.settings import Settings, load_settings
from ticket_assets.stores.batches import Batches
from ticket_assets.stores.erasure import Search, Store, Stores, every_store, find_all, places
from ticket_assets.stores.search_index import SearchIndex
from ticket_assets.stores.taxonomy import lines_naming
from ticket_assets.stores.tombstones import Tombstones
from tickets_cli.processes import ProcessFailed
from tickets_cli.provisioning import KEYS, index_name
from tickets_cli.runs_at_work import wait_for_runs
from tickets_cli.terminal import console, plain_errors, say

log = logging.getLogger(__name__)

ROUNDS = 3  # a run that was in progress may have written again what the first round removed


def forget(
    ids: Annotated[list[str] | None, typer.Argument(help="The tickets' ids.", show_default=False)] = None,
    customer: Annotated[str | None, typer.Option(help="All tickets of this customer_id.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be removed, and remove nothing.")] = False,
    lift: Annotated[bool, typer.Option("--lift", help="Let forgotten tickets, given by id, come again.")] = False,
    wait: Annotated[float, typer.Option(min=0, help="Minutes to wait for runs that hold the tickets.")] = 10,
) -> None:
    """Remove tickets for good from raw, records, table, rows, search index, quarantine and dead letters. Asks first.

    Tombstones with their ids stay, so that they never come back. Exit code 1 where something is still found at the end.

    Example: tickets forget TKT-1 TKT-2 --dry-run
    """
    with plain_errors():
        wanted = asked_for(ids or [], customer)
        require_endpoint()
        erasure = Erasure(load_settings(), wanted)
        if lift:
            erasure.lift(yes)
            return
        erasure.look()
        if dry_run:
            console.print("Nothing was removed.")
            return
        count = len(erasure.wanted.keys)
        if not yes:
            typer.confirm(f"Remove all of this for good, of {count} tickets?", abort=True)
        erasure.erase(60 * wait)


def asked_for(ids: Sequence[str], customer: str | None) -> Wanted:
    """What the command's arguments name. Raises ProcessFailed, naming what is wrong."""
    if not ids and customer is None:
        raise ProcessFailed("name the tickets by their ids, or a customer with --customer")
    for ticket_id in ids:
        if not is_ticket_id(ticket_id):
            raise ProcessFailed(f"{ticket_id!r} is no ticket id: that is 1 to 128 of A-Z a-z 0-9 . _ -")
    if customer is not None and not 0 < len(customer.encode()) <= MAX_INDEX_KEY_BYTES:
        raise ProcessFailed(
            f"--customer takes 1 to {MAX_INDEX_KEY_BYTES:,} bytes: no index holds others; name the tickets by their ids"
        )
    return Wanted(frozenset(map(object_key, ids)), customer)


class Erasure:
    """One call of the command."""

    def __init__(self, settings: Settings, wanted: Wanted) -> None:
        raw, records = S3ObjectStore(bucket=settings.raw_bucket), S3ObjectStore(bucket=settings.enriched_bucket)
        pipeline = S3ObjectStore(bucket=settings.pipeline_bucket)
        table = DynamoDBTable(name=settings.table, hash_key=KEYS[0][0], range_key=KEYS[1][0])
        dead_letters = SqsQueue(name=settings.dead_letter_queue)
        self.wanted = wanted
        self._tombstones = Tombstones(records, table, SearchIndex(pipeline.bucket))
        self._stores: list[Store] = every_store(
            Stores(raw, records, pipeline, table, index_name("customer_id"), dead_letters)
        )
        self._batches = Batches(pipeline)
        self._settings = settings
        self._found: list[Search] = []

    def look(self) -> None:
        """Find and show what the stores hold. Raises ProcessFailed where nothing is known of a ticket or customer."""
        asked = self.wanted
        self._search()
        known = {key for place in places(self._found) for key in place.keys}
        unknown = [key for key in sorted(asked.keys - known) if self._tombstones.forgotten_at(key) is None]
        if unknown:
            names = ", ".join(key.removesuffix(".json") for key in unknown)
            raise ProcessFailed(f"nothing is known of {names}: check the ids; nothing was removed")
        if asked.customer is not None and not self.wanted.keys and not places(self._found):
            raise ProcessFailed("nothing is known of this customer: check the customer_id; nothing was removed")
        self._show("found")

    def erase(self, patience: float) -> None:
        """Put the tombstones, remove what was found, wait for runs that hold the tickets, and prove it.

        Raises ProcessFailed where such a run does not end within `patience` seconds, or something is left.
        """
        removed = 0
        for round_ in range(ROUNDS):
            self._tombstones.put(self.wanted.keys)
            removed += len(places(self._found))
            for place in places(self._found):
                place.remove()
            if round_ == 0:
                wait_for_runs(self._batches, self.wanted.keys, patience)
            self._search()
            if not places(self._found):
                break
        self._show("still found")
        self._report(removed)

    def lift(self, yes: bool) -> None:
        """Remove the tombstones of the tickets that were named. Raises ProcessFailed where one has none."""
        keys = sorted(self.wanted.keys)
        if self.wanted.customer is not None:
            raise ProcessFailed("--lift takes ids: a tombstone does not say whose the ticket was")
        for key in keys:
            if self._tombstones.forgotten_at(key) is None:
                raise ProcessFailed(f"{key.removesuffix('.json')} was not forgotten: there is nothing to lift")
        if not yes:
            typer.confirm(f"Let {len(keys)} forgotten tickets come again?", abort=True)
        for key in keys:
            self._tombstones.lift(key)
        say(f"{len(keys)} tombstones lifted. A ticket that came meanwhile is in quarantine as forgotten: replay it.")

    def _search(self) -> None:
        with console.status("searching every store"):
            self.wanted, self._found = find_all(self._stores, self.wanted)

    def _show(self, title: str) -> None:
        table = Table("store", "looked at", title, box=None)
        for search in self._found:
            table.add_row(search.store, search.looked_at, str(len(search.places)))
        console.print(table)
        for place in places(self._found):
            console.print(f"  {plain(place.what)}", highlight=False, markup=False)
        for line in lines_naming(self._settings, self.wanted.ids):
            what = f"stays in {plain(line)}; remove what was learnt from it, and head-*.npz below MODEL_CACHE_DIR"
            console.print(f"  {what}", highlight=False, markup=False, soft_wrap=True)

    def _report(self, removed: int) -> None:
        left, ids = len(places(self._found)), plain(", ".join(sorted(self.wanted.ids)))
        line = f"forgot {len(self.wanted.keys)} tickets ({ids}): {removed} places removed, {left} left"
        log.info(line)
        console.print(line, highlight=False, markup=False)
        if left:
            raise ProcessFailed("something is left, or came again meanwhile: run the same command again")
        say("Messages that wait in the queue were not searched: S3's events hold keys, which are refused from now on.")
        if self.wanted.customer is not None:
            say("Tickets of this customer that arrive from now on are new tickets.")
