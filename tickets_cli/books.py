"""`tickets reconcile` and `tickets where`: their options and exit codes. What they print is in books_tables."""

from collections.abc import Iterator
from contextlib import contextmanager
from json import dumps
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from resources.aws import require_endpoint
from tickets_cli.layout import dagster_home
from tickets_cli.terminal import console, plain_errors

if TYPE_CHECKING:  # they load Dagster, which other commands need not wait for
    import dagster as dg

    from ticket_assets.stores.inventory import Stores

PROGRESS_EVERY = 10_000


def reconcile(
    replay: Annotated[bool, typer.Option("--replay", help="Send what is missing or stale to the queue again.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compare raw bucket, records, table, quarantine, batches and queue, and say what became of every ticket.

    Exit code 1 where one is missing or stale, or an item lacks its record; also with --replay, since what is sent
    again has yet to arrive. A million tickets cost about $0.10 on AWS: 2,000 LIST requests, 500,000 read units of
    DynamoDB for queries and about 200,000 for a count of its items. Each raw object without a current record, such as
    one in quarantine, costs a GET more, and up to 10,000 of those that are not there two HEADs, a query and a GET.

    Example: tickets reconcile --replay
    """
    with plain_errors(), _opened() as (stores, instance):
        from ticket_assets.assets.runs import batches_at_work
        from ticket_assets.stores import books
        from ticket_assets.stores.inventory import Runs
        from tickets_cli.books_tables import print_books

        result = books.reconcile(stores, lambda: batches_at_work(instance) if instance else Runs(), _Progress().told)
        if instance is None:
            result.books.notes.append(f"no Dagster in {dagster_home()}: which batches are being run is not known")
        if replay:
            books.replay(stores, result.lost)
            result.books.notes.append(f"{len(result.lost):,} sent to queue {stores.queue.name} again")
        if json:
            typer.echo(dumps(result.books.model_dump()))
        else:
            print_books(result.books, console)
    raise typer.Exit(0 if result.books.balanced else 1)


def where(
    ticket: Annotated[str, typer.Argument(help="A ticket's id, or its key with .json.")],
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show where one ticket is and its history: raw object, batches and runs, record, item, quarantine.

    Exit code 1 where nothing is known of it. Subject and text are never shown.

    Example: tickets where TKT-20261123-0001
    """
    with plain_errors(), _opened() as (stores, instance):
        from ticket_assets.assets.runs import batches_at_work, runs_of
        from ticket_assets.domain.whereabouts import UNKNOWN
        from ticket_assets.stores.inventory import Runs
        from ticket_assets.stores.whereabouts import whereabouts
        from tickets_cli.books_tables import print_whereabouts

        if instance:
            found = whereabouts(stores, ticket, batches_at_work(instance), lambda batch: runs_of(instance, batch))
        else:
            Console(stderr=True).print(f"no Dagster in {dagster_home()}: its runs are not known", highlight=False)
            found = whereabouts(stores, ticket, Runs())
        if json:
            typer.echo(dumps(found.model_dump()))
        else:
            print_whereabouts(found, console)
    raise typer.Exit(1 if found.verdict.state == UNKNOWN else 0)


@contextmanager
def _opened() -> Iterator[tuple["Stores", "dg.DagsterInstance | None"]]:
    """The stores that the settings name, and Dagster's instance where there is one."""
    from ticket_assets.definitions import build_stores
    from ticket_assets.settings import load_settings
    from ticket_assets.stores.inventory import Stores
    from tickets_cli.dagster_services import existing_instance

    stores = Stores.of(build_stores(load_settings()))
    require_endpoint()
    instance = existing_instance()
    try:
        yield stores, instance
    finally:
        if instance:
            instance.dispose()


class _Progress:
    """A line on stderr for each 10,000 keys."""

    def __init__(self) -> None:
        self._next = PROGRESS_EVERY

    def told(self, keys: int) -> None:
        if keys >= self._next:
            Console(stderr=True).print(f"{keys:,} keys compared", highlight=False)
            self._next = keys - keys % PROGRESS_EVERY + PROGRESS_EVERY
