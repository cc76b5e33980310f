"""`tickets quarantine`: see what could not be enriched and why, send it again once that is mended, or put it away."""

import json
from typing import Annotated

import typer
from rich.text import Text

from resources.aws import require_endpoint
from ticket_assets.domain.quarantine import Reason
from ticket_assets.settings import load_settings
from tickets_cli.quarantine_desk import Desk
from tickets_cli.quarantine_view import as_json, described, two_lines
from tickets_cli.terminal import console, plain_errors, say

app = typer.Typer(no_args_is_help=True, help="Objects and messages that could not be enriched, each with its reason.")

Ids = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Ticket ids, keys or message ids.")]
OfReason = Annotated[Reason | None, typer.Option("--reason", help="All entries of this reason.")]
Everything = Annotated[bool, typer.Option("--all", help="All entries.")]


@app.command("list")
def list_entries(
    reason: OfReason = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Show no more than so many.")] = None,
    json_lines: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """List the entries: objects by key, then messages; each with its reason, errors, batch and time.

    Example: tickets quarantine list --reason wrong_schema --limit 20
    """
    with plain_errors():
        shown, more = 0, False
        for held in _desk().entries(reason):
            if shown == limit:
                more = True
                break
            shown += 1
            for line in [Text(json.dumps(as_json(held)))] if json_lines else two_lines(held):
                console.print(line, soft_wrap=True)
        if not json_lines:
            what = f" of reason {reason.value}" if reason else ""
            console.print(f"{shown} entries{what}{', and more: raise --limit' if more else ''}", highlight=False)


@app.command()
def show(
    entry_id: Annotated[str, typer.Argument(metavar="ID", help="A ticket id, a key or a message id.")],
    raw: Annotated[bool, typer.Option("--raw", help="Write the original bytes alone, as they are.")] = False,
) -> None:
    """Show one entry whole, with the bytes that it is about.

    Example: tickets quarantine show TKT-20261123-0042
    """
    with plain_errors():
        desk = _desk()
        (held,) = desk.look_up([entry_id])
        original = desk.original(held)
        if raw:
            typer.echo(desk.required(held, original), nl=False)
            return
        for line in described(held, original):
            console.print(line, soft_wrap=True)


@app.command()
def replay(ids: Ids = None, reason: OfReason = None, everything: Everything = False) -> None:
    """Send entries to the queue again. A message's entry goes at once, an object's when its new record stands.

    Example: tickets quarantine replay --reason model_failure
    """
    _exactly_one(ids, reason, everything)
    with plain_errors():
        desk = _desk()
        objects, messages = desk.replay(desk.choose(ids, reason))
        say(f"{objects} objects and {messages} messages are sent again; `tickets status` shows when all is done")


@app.command()
def drop(
    ids: Ids = None,
    reason: OfReason = None,
    everything: Everything = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Put entries away, each with its original as a JSON file under quarantine/exports/. Asks first.

    The raw object stays, and a line with the reason `dropped`, which only `list --reason dropped` shows.

    Example: tickets quarantine drop TKT-20261123-0042
    """
    _exactly_one(ids, reason, everything)
    with plain_errors():
        desk = _desk()
        chosen = desk.choose(ids, reason)
        if chosen and not yes:
            typer.confirm(f"Drop {len(chosen)} entries from quarantine? Raw objects stay.", abort=True)
        dropped = 0
        for place in desk.drop(chosen):
            dropped += 1
            console.print(Text(f"-> {place}"), soft_wrap=True)
        say(f"{dropped} entries dropped")


def _desk() -> Desk:
    settings = load_settings()
    require_endpoint()
    return Desk(settings)


def _exactly_one(ids: list[str] | None, reason: Reason | None, everything: bool) -> None:
    if sum(map(bool, (ids, reason, everything))) != 1:
        raise typer.BadParameter("give exactly one of: IDs, --reason or --all")
