"""The books, and one ticket's whereabouts, on a terminal."""

from collections.abc import Sequence
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from resources.display import plain
from ticket_assets.domain.books import Books
from ticket_assets.domain.quarantine import one_line
from ticket_assets.domain.whereabouts import BatchHistory, Whereabouts

SHOWN = 20


def print_books(books: Books, console: Console) -> None:
    """The equation, what stands beside it, and the names of what somebody has to look at."""
    parts = {
        "enriched": books.enriched,
        "quarantined": books.quarantined,
        f"in flight ({books.in_batches:,} in batches, {books.in_queue:,} perhaps in the queue)": books.in_flight,
        "failed": books.failed,
        "missing": books.missing,
        "stale": books.stale,
    }
    beside = {
        "items without record": books.items_without_record,
        "orphaned (a record whose raw object is gone)": books.orphaned,
        "forgotten": books.forgotten,
        "enriched and not in the search index": books.not_searchable,
    }
    table = Table(box=None, show_header=False)
    table.add_column(justify="right")
    table.add_row(f"{books.received:,}", "received")
    for sign, (name, count) in zip("=+++++", parts.items(), strict=True):
        table.add_row(f"{sign} {count:,}", name)
    for name, count in beside.items():
        table.add_row(f"{count:,}", name)
    console.print(table)
    counts = {"missing": books.missing, "stale": books.stale, "items_without_record": books.items_without_record}
    beside_books = {"orphaned": books.orphaned, "not_searchable": books.not_searchable}
    for name, count in {**counts, **beside_books}.items():
        _print_names(name.replace("_", " "), books.names.get(name, []), count, console)
    for note in books.notes:
        console.print(Text(note, style="yellow"))
    verdict = ("The books balance.", "green") if books.balanced else ("The books do not balance.", "bold red")
    console.print(Text.assemble(verdict))


def print_whereabouts(found: Whereabouts, console: Console) -> None:
    """The verdict, then what each store holds, then the batches."""
    detail = f" ({plain(found.verdict.detail)})" if found.verdict.detail else ""
    console.print(Text.assemble((f"{plain(found.key)}: ", "bold"), (f"{found.verdict.state}{detail}", "bold")))
    for version in found.raw:
        _line("raw", f"{_time(version.last_modified)}  {version.etag}  {version.size:,} bytes", console)
    if found.record:
        _line("record", _pairs(found.record), console)
    for item in found.items:
        _line("item", _pairs(item), console)
    if found.tombstone:
        _line("tombstone", "the ticket was erased for good", console)
    if found.quarantine:
        entry = found.quarantine
        _line("quarantine", f"{entry.reason} at {entry.at} in batch {entry.batch}: {one_line(entry.errors)}", console)
    for batch in found.batches:
        _print_batch(batch, console)
    if found.cut:
        _line("…", f"only {found.scanned} batches since its first version were searched for its name", console)


def _print_batch(batch: BatchHistory, console: Console) -> None:
    _line("batch", f"{batch.batch}{f'  {batch.marker}' if batch.marker else ''}", console)
    for run in batch.runs:
        times = "  ".join(f"{name} {_time(at)}" for name, at in (("from", run.start), ("to", run.end)) if at)
        _line("  run", f"{run.run_id}  {run.status.lower()}  {times}", console)
    if batch.failure:
        _line("  failed", f"{batch.failure.at}: {batch.failure.error}", console)


def _print_names(kind: str, names: Sequence[str], count: int, console: Console) -> None:
    for name in names[:SHOWN]:
        console.print(Text.assemble((f"{kind}  ", "yellow"), plain(name)), soft_wrap=True)
    if count > len(names[:SHOWN]):
        console.print(f"{kind}  … and {count - len(names[:SHOWN]):,} more", highlight=False)


def _line(name: str, text: str, console: Console) -> None:
    console.print(Text.assemble((f"{name:<11}", "dim"), plain(text)), soft_wrap=True)


def _pairs(values: dict) -> str:
    return "  ".join(f"{name}={value}" for name, value in values.items())


def _time(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}"
