"""`tickets versions`: how many records each version of the models made."""

from collections import Counter
from contextlib import nullcontext
from datetime import UTC, datetime
from json import dumps
from typing import Annotated, NamedTuple

import typer
from rich.table import Table
from rich.text import Text

from resources.aws import require_endpoint
from resources.models.roles import ModelNotAvailable
from resources.table_pages import scanned, size
from ticket_assets.settings import Settings, load_settings
from tickets_cli.reprocessing import table_of
from tickets_cli.terminal import console, plain_errors, say


class Counted(NamedTuple):
    """Records by model_version, and when they were counted, in Unix seconds."""

    versions: dict[str, int]
    at: float
    source: str


def versions(
    now: Annotated[bool, typer.Option("--now", help="Read the whole table instead of the last books.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show how many records each model_version made, and which version is current here.

    The daily books ask for each ticket's item anyway and count versions on the way: their last counts, read from
    Dagster's database, cost nothing and are as old as they say. --now reads the whole table, as happens where no
    books were made yet: a million items of 1.5 KB are 190,000 read units, $0.03 on AWS, in 1,500 requests.

    Example: tickets versions --now
    """
    with plain_errors():
        settings = load_settings()
        counted = None if now else _of_the_books()
        if counted is None:
            require_endpoint()
            counted = _of_the_table(settings, quiet=json)
        current = _current(settings)
        if json:
            typer.echo(dumps({**counted._asdict(), "current": current}))
        else:
            _print(counted, current)


def _of_the_books() -> Counted | None:
    """What the last books counted, None where there are none."""
    from ticket_assets.assets.ticket_books import last_versions
    from tickets_cli.dagster_services import existing_instance

    with existing_instance() or nullcontext() as instance:
        found = last_versions(instance) if instance else None
    return Counted(*found, "the last books (asset ticket_books)") if found else None


def _of_the_table(settings: Settings, *, quiet: bool) -> Counted:
    table = table_of(settings)
    if not quiet:
        about = size(table)
        say(f"reading the whole table {table.name}: about {about.items:,} items, {about.read_units:,} read units")
    at = datetime.now(UTC).timestamp()
    pages = scanned(table, ("model_version",))
    counts = Counter(item["model_version"] for page in pages for item in page if "model_version" in item)
    return Counted(dict(counts.most_common()), at, f"table {table.name}")


def _current(settings: Settings) -> str | None:
    """The version of the models that are set up here, None where they are not prepared."""
    from ticket_assets.definitions import build_models

    try:
        return build_models(settings).version
    except ModelNotAvailable:
        return None


def _print(counted: Counted, current: str | None) -> None:
    total = sum(counted.versions.values())
    table = Table("records", "share", "model_version", box=None)
    for version, count in counted.versions.items():
        mark = "current " if version == current else ""
        name = Text.assemble((mark, "green"), version, overflow="fold")
        table.add_row(f"{count:,}", f"{count / total:.1%}", name)
    console.print(table)
    at = f"{datetime.fromtimestamp(counted.at, UTC):%Y-%m-%d %H:%M:%S}"
    console.print(f"{total:,} records, counted {at} UTC from {counted.source}", highlight=False)
    if current is None:
        say("the current version is not known: `tickets models prepare` first")
    elif old := total - counted.versions.get(current, 0):
        say(f"{old:,} are of other versions: see `tickets compare --where model_version!=current` before a backfill")
