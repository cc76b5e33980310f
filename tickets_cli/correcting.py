"""`tickets correct`: a person's decision on a ticket's labels, which wins over every later run, and its undoing."""

from typing import Annotated

import typer

from resources.aws import require_endpoint
from resources.corrections import VALUES, computed_item, history, in_force
from resources.dynamodb import Item, from_item
from ticket_assets.domain.doubts import LABELS
from ticket_assets.settings import Settings, load_settings
from ticket_assets.stores.correcting import check_labels, correct_ticket, items_table, standing_items
from ticket_assets.stores.taxonomy import known_labels
from tickets_cli.mendable import mendable
from tickets_cli.terminal import console, plain_errors


def correct(
    ticket_id: Annotated[str, typer.Argument(metavar="ID", help="The ticket's id.")],
    intent: Annotated[str | None, typer.Option(help="One of intent.yaml's labels.")] = None,
    urgency: Annotated[str | None, typer.Option(help="critical, high, medium or low.")] = None,
    sentiment: Annotated[str | None, typer.Option(help="POSITIVE, NEGATIVE or NEUTRAL.")] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Back to what the models say; the history stays.")] = False,
) -> None:
    """Set a ticket's labels by hand, or without an option show what was decided of them.

    Example: tickets correct TKT-1 --intent payment_issue --urgency high
    """
    with plain_errors():
        settings = load_settings()
        given = {"intent": intent, "urgency": urgency, "sentiment": sentiment}
        decided = {name: label for name, label in given.items() if label is not None}
        check_labels(settings, decided, undo=undo)
        require_endpoint()
        if (decided or undo) and (line := correct_ticket(settings, ticket_id, decided, mendable)):
            console.print(line, highlight=False, markup=False)
        _show(settings, standing_items(items_table(settings), ticket_id)[0])


def _show(settings: Settings, item: Item) -> None:
    decisions = history([item])
    now, computed, decided = from_item(item), from_item(computed_item(item)), in_force(decisions)
    known = known_labels(settings)
    for name in LABELS:
        by = f"by a person; the models say {computed[name]}" if name in decided else f"{now[f'{name}_confidence']:.2f}"
        console.print(f"{name}: {now[name]} ({by})", highlight=False, markup=False)
        if name in decided and now[name] not in known[name]:
            gone = f"  {now[name]!r} is no {name} any more, and wins until it is undone or another is decided"
            console.print(gone, highlight=False, markup=False)
    for one in decisions:
        told = from_item({"entry": one})["entry"]
        what = {n: v for n, v in told.get(VALUES, {}).items() if n in LABELS}
        text = ", ".join(f"{n} {v}" for n, v in what.items()) or "undone"
        console.print(f"  {told['at']} {text}", highlight=False, markup=False)
