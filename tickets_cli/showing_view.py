"""`tickets show` on a screen and for machines. A word on what else there is goes to stderr: lines stay lines."""

from json import dumps
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.text import Text

from resources.corrections import DOUBTS, NEEDS_REVIEW
from resources.display import plain
from ticket_assets.domain.lists import Page
from ticket_assets.domain.times import moment
from ticket_assets.settings import Settings, load_settings
from ticket_assets.stores.disclosure import shown
from tickets_cli.terminal import console

if TYPE_CHECKING:
    from ticket_assets.stores.lists import Whole

LABELS = ("urgency", "sentiment", "intent")
FACTS = (
    "opened", "customer_id", "priority", "source", "language", DOUBTS, "processed_at", "model_version", "batch",
    "record",
)  # fmt: skip


class Output:
    """Says what was found, as JSON lines or for people."""

    def __init__(self, settings: Settings, json: bool) -> None:
        self._settings = settings
        self._json = json

    def page(self, title: str, page: Page) -> None:
        """A list's page, and how to get the next one."""
        items = [shown(item, show_text=self._settings.show_text) for item in page.items]
        if self._json:
            for item in items:
                typer.echo(dumps(item))
        else:
            from tickets_cli.tables import print_tickets

            lines = [
                {**item, "summary": f"{moment(item['created_at'])}  {_doubt(item)}{item['summary']}"} for item in items
            ]
            print_tickets(title, lines, console)
        if page.next:
            self._aside(f"and more: --page {page.next.token()}")

    def ticket(self, found: "Whole", record: str) -> None:
        """One ticket whole."""
        told = {**found.item, "body": found.body, "opened": moment(found.item["created_at"]), "record": record}
        told = shown(told, show_text=self._settings.show_text)
        if self._json:
            typer.echo(dumps(told))
            return
        from tickets_cli.tables import STYLES

        console.print(Text(told["ticket_id"], style="bold"))
        for name in LABELS:
            label = Text(told[name], style=STYLES.get(told[name], ""))
            console.print(Text.assemble((f"  {name}: ", "dim"), label, f"  {_sure(name, found.item)}"), soft_wrap=True)
        for name in FACTS:
            if told.get(name) is not None:
                value = told[name].replace(" ", ", ") if name == DOUBTS else str(told[name])
                console.print(Text.assemble((f"  {name}: ", "dim"), plain(value)), soft_wrap=True)
        for name in ("subject", "summary", "body"):
            console.print(Text.assemble((f"{name}: ", "dim"), _lines(told[name])), soft_wrap=True)

    def _aside(self, said: str) -> None:
        if self._json:
            aside(said)
        else:
            console.print(Text(said), soft_wrap=True)


def why_empty(since: int | None, intent: str | None) -> str:
    """Why a list of the tickets since then, of this intent, may be empty, and what to do."""
    when = f" opened since {moment(since)}" if since is not None else ""
    said = f"no such ticket{when}: `tickets status` shows what waits"
    intents = known_intents("") if intent is not None else []
    if intents and intent not in intents:
        return f"{said}. The label file has no such intent, but {', '.join(intents)}"
    return said


def aside(said: str) -> None:
    """A word on what was found, such as why that is nothing, beside it on stderr."""
    Console(stderr=True).print(Text(said), soft_wrap=True)


def known_intents(incomplete: str) -> list[str]:
    """The label file's intents that begin so."""
    from ticket_assets.stores.taxonomy import intents

    return [name for name in intents(load_settings()) if name.startswith(incomplete)]


def _doubt(item: dict[str, Any]) -> str:
    """Of a list of what to review, why."""
    return f"in doubt: {item[NEEDS_REVIEW]}  " if NEEDS_REVIEW in item else ""


def _sure(name: str, item: dict[str, Any]) -> str:
    """How sure a model is of the label, or that a person decided."""
    from ticket_assets.stores.decided import decided

    by_person = decided(item).get(name)
    return f"(by a person, {by_person.when}; {by_person.instead})" if by_person else f"{item[f'{name}_confidence']:.2f}"


def _lines(text: str | None) -> str:
    """A text with its lines, each without what moves a screen."""
    if text is None:
        return "the record is gone"
    return "\n".join(map(plain, text.splitlines()))
