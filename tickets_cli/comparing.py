"""`tickets compare`: on a sample, what the models of today would change, before anyone starts a backfill."""

import time
from collections.abc import Iterator, Sequence
from itertools import islice
from json import dumps
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from resources.aws import endpoint_name, require_endpoint
from resources.display import disclosed, plain
from resources.object_store import S3ObjectStore
from resources.table_pages import sampled
from ticket_assets.domain.comparison import LABELS, Compared, Share, moves, share, surest
from ticket_assets.settings import load_settings
from tickets_cli.reprocessing import Where, condition_of, table_of
from tickets_cli.terminal import console, plain_errors, say

if TYPE_CHECKING:
    from ticket_assets.assets.relabelling import Left

MOST_READ = 50  # items a wanted one, before a condition is taken to hold for no more
MOVES = 5


def compare(
    sample: Annotated[int, typer.Option(min=1, help="How many tickets to enrich again.")] = 200,
    where: Where = None,
    examples: Annotated[int, typer.Option(min=0, help="How many tickets to name for each label.")] = 5,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Enrich a random sample of stored tickets again, store nothing, and show which labels would change.

    Each ticket is taken in the version that its record was made of. The share is of the sample; the range is where
    the share of all tickets lies, 95 times of a hundred. Costs a GET a ticket and the models' time. The table is read
    whole up to 20,000 items (about 4,000 read units), beyond that a few items at a time from random places. Subjects
    are hidden unless TICKETS_SHOW_TEXT=true, and then masked.

    Example: tickets compare --sample 500 --where model_version!=current
    """
    with plain_errors():
        from ticket_assets.assets.relabelling import ASKED, Left, relabelled
        from ticket_assets.definitions import build_models

        settings = load_settings()
        conditions = [condition_of(text, settings) for text in where or ()]
        require_endpoint()
        models, left, begun = build_models(settings), Left(), time.monotonic()
        attributes = list(dict.fromkeys([*ASKED, *(condition.field for condition in conditions)]))
        items, most = sampled(table_of(settings), attributes), sample * MOST_READ
        wanted = _wanted(islice(items, most), conditions)
        raw, found = S3ObjectStore(bucket=settings.raw_bucket), []
        for group in relabelled(models, raw, wanted, sample, left):
            found += group
        cut = len(found) + sum(vars(left).values()) < sample and next(items, None) is not None
        if json:
            told = as_json(found, left, models.version, examples)
            typer.echo(dumps({**told, "cut_after": most if cut else None}))
        else:
            say(f"{len(found):,} tickets of {endpoint_name()} compared in {time.monotonic() - begun:.1f} s")
            print_comparison(found, left, models.version, examples, show_text=settings.show_text)
            if cut:
                say(f"cut after {most:,} random items, {MOST_READ} a wanted one: the condition holds for few")


def _wanted(items: Iterator[dict], conditions: Sequence[Any]) -> Iterator[dict]:
    for item in items:
        # An item without a batch is no ticket's: it marks one that was forgotten.
        if "batch" in item and all(condition.holds(item) for condition in conditions):
            yield item


def as_json(found: Sequence[Compared], left: "Left", version: str, examples: int) -> dict[str, Any]:
    """The comparison for machines; no ticket's text is in it."""
    return {
        "model_version": version,
        "compared": len(found),
        "left_out": vars(left),
        "labels": {
            label: {
                **_changed(found, label)._asdict(),
                "moves": [dict(zip(("from", "to", "count"), move, strict=True)) for move in moves(found, label)],
                "examples": [
                    {"ticket_id": t.ticket_id, "made_by": t.made_by, **_told(t, label)}
                    for t in surest(found, label, examples)
                ],
            }
            for label in LABELS
        },
        "summary": share(sum(t.summary_changes for t in found), len(found))._asdict(),
    }


def print_comparison(found: Sequence[Compared], left: "Left", version: str, examples: int, *, show_text: bool) -> None:
    """The shares, the most frequent moves of each label, and examples of those that are the surest."""
    console.print(Text(f"current  {version}"), soft_wrap=True)
    for made_by in sorted({ticket.made_by for ticket in found} - {version}):
        console.print(Text(f"stored   {made_by}", style="dim"), soft_wrap=True)
    table = Table("", "change", "of", "share", "range", "most frequent", box=None)
    for label in LABELS:
        most = ", ".join(f"{before} -> {after} {count}" for before, after, count in moves(found, label)[:MOVES])
        table.add_row(label, *_cells(_changed(found, label)), Text(most))
    table.add_row("summary", *_cells(share(sum(t.summary_changes for t in found), len(found))), "")
    console.print(table)
    for label in LABELS:
        for ticket in surest(found, label, examples):
            _print_example(ticket, label, show_text=show_text)
    for name, count in vars(left).items():
        if count:
            say(f"{count} left out: {EXPLAINED[name]}")
    if not any(ticket.changes for ticket in found):
        say("no label of the sample would change")


EXPLAINED = {
    "gone": "their raw object is gone",
    "put_again": "their raw object is another version than the record's, or no valid ticket any more",
    "failed": "they break a model of today: a backfill would put them in quarantine",
}


def _changed(found: Sequence[Compared], label: str) -> Share:
    return share(sum(label in ticket.changes for ticket in found), len(found))


def _cells(part: Share) -> list[str]:
    if not part.total:
        return ["0", "0", "", ""]
    return [str(part.changed), str(part.total), f"{part.changed / part.total:.1%}", f"{part.low:.1%} - {part.high:.1%}"]


def _told(ticket: Compared, label: str) -> dict[str, Any]:
    before, after = ticket.changes[label]
    return {"from": before._asdict(), "to": after._asdict()}


def _print_example(ticket: Compared, label: str, *, show_text: bool) -> None:
    before, after = ticket.changes[label]
    change = f"{label} {before.value} {before.confidence:.2f} -> {after.value} {after.confidence:.2f}"
    subject = plain(str(disclosed(ticket.subject, show_text=show_text)))
    console.print(Text.assemble((plain(ticket.ticket_id), "bold"), f"  {change}  ", (subject, "dim")), soft_wrap=True)
