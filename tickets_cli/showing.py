"""`tickets show`: lists of enriched tickets as readers ask for them, newest first, each by queries of one index.

A list is an attribute with an index and the values wanted of it. Texts are shown as TICKETS_SHOW_TEXT says.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import chain
from json import dumps
from typing import Annotated, Any, get_args

import typer

from resources.aws import concurrently, require_endpoint
from resources.display import disclosed, is_sensitive
from resources.dynamodb import DynamoDBTable
from ticket_assets.domain.doubts import REASONS
from ticket_assets.domain.models import Sentiment, TicketItem, Urgency
from ticket_assets.settings import load_settings
from tickets_cli.provisioning import index_name
from tickets_cli.tables import print_tickets
from tickets_cli.terminal import console, plain_errors

app = typer.Typer(no_args_is_help=True, help="Enriched tickets, newest first.")

Limit = Annotated[int, typer.Option(min=1, help="Show no more than so many.")]
JsonLines = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
SENSITIVE = {name for name, field in TicketItem.model_fields.items() if is_sensitive(field)}


@app.command()
def results(limit: Limit = 20, json: JsonLines = False) -> None:
    """List the newest tickets, whatever their labels.

    Example: tickets show results --limit 50
    """
    _show("Enriched tickets", "urgency", get_args(Urgency), limit, json)


@app.command()
def urgent(limit: Limit = 20, json: JsonLines = False) -> None:
    """List the newest tickets whose urgency is critical or high.

    Example: tickets show urgent --json
    """
    _show("Urgent: critical or high", "urgency", ("critical", "high"), limit, json)


@app.command()
def sentiment(
    label: Annotated[
        Sentiment, typer.Argument(metavar="LABEL", case_sensitive=False, help="NEGATIVE, NEUTRAL or POSITIVE.")
    ],
    limit: Limit = 20,
    json: JsonLines = False,
) -> None:
    """List the newest tickets of one sentiment.

    Example: tickets show sentiment NEGATIVE
    """
    _show(f"Sentiment: {label}", "sentiment", (label,), limit, json)


@app.command()
def review(limit: Limit = 20, json: JsonLines = False) -> None:
    """List the newest tickets whose labels a person should look at.

    Example: tickets show review
    """
    _show("To be reviewed", "needs_review", REASONS, limit, json)


def newest(table: DynamoDBTable, attribute: str, values: Sequence[str], limit: int) -> list[dict[str, Any]]:
    """Up to `limit` items whose `attribute` is one of `values`, newest first, then by id; a query of its index each."""
    found = concurrently(lambda value: table.newest(index_name(attribute), attribute, value, limit), values)
    return sorted(chain(*found), key=lambda item: (-item["created_at"], item["ticket_id"]))[:limit]


def _show(title: str, attribute: str, values: Sequence[str], limit: int, json: bool) -> None:
    with plain_errors():
        settings = load_settings()
        require_endpoint()
        table = DynamoDBTable(name=settings.table, hash_key="ticket_id", range_key="created_at")
        found = newest(table, attribute, values, limit + 1)
        shown = [_disclosed(item, settings.show_text) for item in found[:limit]]
        if json:
            for item in shown:
                typer.echo(dumps(item))
            return
        print_tickets(title, [{**item, "summary": f"{_time(item)}  {item['summary']}"} for item in shown], console)
        if len(found) > limit:
            console.print("and more: raise --limit", highlight=False)


def _disclosed(item: dict[str, Any], show_text: bool) -> dict[str, Any]:
    return {name: disclosed(v, show_text=show_text) if name in SENSITIVE else v for name, v in item.items()}


def _time(item: dict[str, Any]) -> str:
    return f"{datetime.fromtimestamp(item['created_at'], UTC):%Y-%m-%d %H:%M:%S}"
