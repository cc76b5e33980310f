"""Tables of tickets on a terminal, two lines a ticket so that 80 columns are enough."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from resources.display import plain
from ticket_assets.domain.quarantine import QuarantineEntry, one_line, without_texts

STYLES = {"critical": "bold red", "high": "yellow", "NEGATIVE": "red", "POSITIVE": "green"}


def print_tickets(title: str, items: Sequence[dict], console: Console) -> None:
    """Id and labels with confidences; below them the summary, cut at the screen's edge."""
    _rule(f"{title} ({len(items)})", console)
    widths = {"ticket_id": 29, "urgency": 12, "sentiment": 12, "intent": 22}
    _row({name: Text(name, style="dim") for name in widths}, widths, console)
    for item in items:
        cells = {
            name: Text(f"{item[name]} {_share(item[f'{name}_confidence'])}", style=STYLES.get(item[name], ""))
            for name in LABELS
        }
        _row({"ticket_id": Text(item["ticket_id"], style="bold"), **cells}, widths, console)
        console.print(Text(f"  {plain(item['summary'])}", style="dim"), no_wrap=True, overflow="ellipsis", crop=True)


def print_quarantined(entries: Sequence[QuarantineEntry], console: Console) -> None:
    """Key and reason; below them what is wrong."""
    _rule(f"Quarantined ({len(entries)})", console)
    for entry in entries:
        console.print(Text.assemble((f"{plain(entry.key)}  ", "bold"), (entry.reason, "yellow")))
        console.print(Text(f"  {plain(one_line(without_texts(entry).errors))}", style="dim"))


LABELS = ("urgency", "sentiment", "intent")


def _share(confidence: float) -> str:
    """A confidence in three characters, .00 to 1.0, so that a generated id fits beside the longest labels."""
    return f"{confidence:.2f}".removeprefix("0")[:3]


def _rule(title: str, console: Console) -> None:
    console.print()
    console.rule(Text(plain(title), style="bold"), align="left", characters="─")


def _row(cells: dict[str, Text], widths: dict[str, int], console: Console) -> None:
    line = Table.grid(padding=(0, 1, 0, 0))
    for name in cells:
        line.add_column(width=widths[name], no_wrap=True, overflow="ellipsis")
    line.add_row(*cells.values())
    console.print(line)
