"""`tickets show`: enriched tickets as readers ask for them, each list by queries of one index, newest first.

They answer in about a second: nothing here loads Dagster unless something is wrong.
"""

import time
from typing import Annotated, Any

import typer

from resources.endpoint import require_endpoint
from ticket_assets.domain.doubts import REASONS
from ticket_assets.domain.lists import ALL, URGENT, BadPlace, Place, Wanted
from ticket_assets.domain.models import Sentiment
from ticket_assets.domain.times import HINT, BadTime, since
from ticket_assets.settings import Settings, load_settings
from tickets_cli.showing_view import Output, aside, known_intents, why_empty
from tickets_cli.terminal import FAILED, plain_errors

app = typer.Typer(
    no_args_is_help=True,
    help="Enriched tickets, newest first. Exit code 0: found, 1: none, 2: wrong usage, 3: could not be asked.",
)

Limit = Annotated[int, typer.Option(min=1, max=1000, help="Show no more than so many.")]
Since = Annotated[str | None, typer.Option(metavar="TIME", help=f"Opened since then: {HINT}.")]
PageToken = Annotated[str | None, typer.Option("--page", metavar="PLACE", help="Go on where the page before ended.")]
JsonLines = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


@app.command()
def results(limit: Limit = 20, since: Since = None, page: PageToken = None, json: JsonLines = False) -> None:
    """List the newest tickets, whatever their labels.

    Example: tickets show results --limit 50 --since 24h
    """
    _show("Enriched tickets", ALL, limit, since, page, json)


@app.command()
def urgent(limit: Limit = 20, since: Since = None, page: PageToken = None, json: JsonLines = False) -> None:
    """List the newest tickets whose urgency is critical or high.

    Example: tickets show urgent --since 2h --json
    """
    _show("Urgent: critical or high", Wanted("urgency", URGENT), limit, since, page, json)


@app.command()
def sentiment(
    label: Annotated[
        Sentiment, typer.Argument(metavar="LABEL", case_sensitive=False, help="NEGATIVE, NEUTRAL or POSITIVE.")
    ],
    limit: Limit = 20,
    since: Since = None,
    page: PageToken = None,
    json: JsonLines = False,
) -> None:
    """List the newest tickets of one sentiment.

    Example: tickets show sentiment NEGATIVE --since 7d
    """
    _show(f"Sentiment: {label}", Wanted("sentiment", (label,)), limit, since, page, json)


@app.command()
def intent(
    label: Annotated[
        str, typer.Argument(help="One of the label file's, such as login_issue.", autocompletion=known_intents)
    ],
    limit: Limit = 20,
    since: Since = None,
    page: PageToken = None,
    json: JsonLines = False,
) -> None:
    """List the newest tickets of one intent.

    Example: tickets show intent payment_issue --limit 5
    """
    _show(f"Intent: {label}", Wanted("intent", (label,)), limit, since, page, json)


@app.command()
def review(limit: Limit = 20, since: Since = None, page: PageToken = None, json: JsonLines = False) -> None:
    """List the newest tickets whose labels a person should look at.

    Example: tickets show review
    """
    _show("To be reviewed", Wanted("needs_review", REASONS), limit, since, page, json)


@app.command()
def customer(
    customer_id: Annotated[str, typer.Argument(metavar="ID", help="The customer_id, exactly as in the tickets.")],
    limit: Limit = 20,
    since: Since = None,
    page: PageToken = None,
    json: JsonLines = False,
) -> None:
    """List the newest tickets of one customer.

    Example: tickets show customer CUST-1042
    """
    _show("Tickets of the customer", Wanted("customer_id", (customer_id,)), limit, since, page, json)


@app.command()
def ticket(
    ticket_id: Annotated[str, typer.Argument(metavar="ID", help="The ticket's id.")], json: JsonLines = False
) -> None:
    """Show one ticket: labels with confidences, summary, text, model version and where its record lies.

    Texts are shown as TICKETS_SHOW_TEXT says.

    Example: tickets show ticket TKT-20261123-0001
    """
    with plain_errors(FAILED):
        settings = _settings()
        lists = _lists(settings)
        found = lists.ticket(ticket_id)
        if found is None:
            own = ticket_id.removesuffix(".json")
            aside(f"no ticket {own} is enriched: `tickets where {own}` says where it is")
            raise typer.Exit(1)
        Output(settings, json).ticket(found, lists.record_url(found.item))


def _show(title: str, wanted: Wanted, limit: int, opened: str | None, token: str | None, json: bool) -> None:
    wanted = wanted._replace(since=_second(opened))
    before = _place(token)
    with plain_errors(FAILED):
        settings = _settings()
        found = _lists(settings).page(wanted, limit, before)
        Output(settings, json).page(title, found)
        if not found.items:
            aside(why_empty(wanted.since, wanted.values[0] if wanted.attribute == "intent" else None))
            raise typer.Exit(1)


def _second(text: str | None) -> int | None:
    try:
        return None if text is None else since(text, time.time())
    except BadTime as error:
        raise typer.BadParameter(str(error), param_hint="--since") from None


def _place(token: str | None) -> Place | None:
    try:
        return None if token is None else Place.parse(token)
    except BadPlace as error:
        raise typer.BadParameter(str(error), param_hint="--page") from None


def _settings() -> Settings:
    settings = load_settings()
    require_endpoint()
    return settings


def _lists(settings: Settings) -> Any:
    from ticket_assets.stores.lists import Lists  # boto3: `--help` and completion do without

    return Lists(settings.table, settings.enriched_bucket)
