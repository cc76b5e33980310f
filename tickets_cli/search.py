"""`tickets search` and `tickets similar`: ranked lists of enriched tickets, and how near each is.

They answer in about a second: nothing here loads Dagster or boto3 unless something is wrong.
"""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from json import dumps
from typing import TYPE_CHECKING, Annotated, Any

import typer

from resources.endpoint import require_endpoint
from resources.lance_client import preload
from ticket_assets.domain import models, times
from ticket_assets.domain.search import Filters
from ticket_assets.settings import Settings, load_settings
from ticket_assets.stores.disclosure import shown
from tickets_cli.showing_view import aside, known_intents, why_empty
from tickets_cli.terminal import FAILED, console, plain_errors

if TYPE_CHECKING:
    import numpy as np

    from ticket_assets.stores.search_index import SearchIndex

Urgency = Annotated[
    models.Urgency | None,
    typer.Option(metavar="LABEL", case_sensitive=False, help="critical, high, medium or low."),
]
Intent = Annotated[
    str | None,
    typer.Option(metavar="LABEL", help="One of the label file's, such as login_issue.", autocompletion=known_intents),
]
Sentiment = Annotated[
    models.Sentiment | None,
    typer.Option(metavar="LABEL", case_sensitive=False, help="POSITIVE, NEGATIVE or NEUTRAL."),
]
Customer = Annotated[str | None, typer.Option(metavar="ID", help="The customer_id.")]
Since = Annotated[
    str | None, typer.Option(metavar="DATE", help="Opened since a day or time, in UTC, or so long ago, such as 24h.")
]
Limit = Annotated[int, typer.Option(min=1, max=1000, help="Show no more than so many.")]
JsonLines = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]


def search(
    text: Annotated[str, typer.Argument(help="What it is about, in any words.")],
    urgency: Urgency = None,
    intent: Intent = None,
    sentiment: Sentiment = None,
    customer: Customer = None,
    since: Since = None,
    limit: Limit = 10,
    json: JsonLines = False,
) -> None:
    """List the enriched tickets that are nearest in meaning to a text or have its words in their subject, best first.

    The score is what the two rankings give, 1 / (60 + place) each, 0.0328 at most: it ranks, and no value of it proves
    a duplicate. Exit code 0: found, 1: nothing passes the filters, 2: wrong usage, 3: could not be asked.

    Example: tickets search "cannot log in since the update" --urgency high --since 2026-11-01
    """
    with plain_errors(FAILED):
        if not any(map(str.isalnum, text)):
            raise typer.BadParameter("say what it is about; `tickets show results` lists the newest", param_hint="TEXT")
        settings = _settings()
        filters = _filters(urgency, intent, sentiment, customer, since)
        index, embedder = _index(settings), query_embedder(settings)
        with ThreadPoolExecutor(1) as other:  # the model and Lance take a quarter of a second each to load
            vector = other.submit(embedder.embed, text)
            preload()
        found = index.search(embedder.version, text, vector.result(), filters, limit)
        _show(f"Nearest to “{text}”", found, filters, settings, json)


def similar(
    ticket: Annotated[str, typer.Argument(help="A ticket's id.")],
    urgency: Urgency = None,
    intent: Intent = None,
    sentiment: Sentiment = None,
    customer: Customer = None,
    since: Since = None,
    limit: Limit = 10,
    json: JsonLines = False,
) -> None:
    """List the tickets that are nearest in meaning to this one, nearest first.

    The score is the cosine similarity of the vectors: it ranks, and no value of it proves a duplicate. Exit code 0:
    found, 1: nothing passes the filters, 2: wrong usage, 3: could not be asked.

    Example: tickets similar TKT-20261123-0001 --limit 5
    """
    with plain_errors(FAILED):
        settings = _settings()
        filters = _filters(urgency, intent, sentiment, customer, since)
        index, version = _index(settings), query_embedder(settings).version
        own, vector = _stored(index, version, ticket)
        found = index.near(version, vector, filters, limit + 1)
        _show(f"Nearest to {own}", [hit for hit in found if hit["ticket_id"] != own][:limit], filters, settings, json)


def _stored(index: "SearchIndex", version: str, name: str) -> "tuple[str, np.ndarray]":
    """The ticket of this id or, where none has it, of this key of a raw object: its id and vector."""
    from ticket_assets.stores.search_index import NotIndexed

    try:
        return name, index.vector_of(version, name)
    except NotIndexed:
        if (own := name.removesuffix(".json")) == name:
            raise
        return own, index.vector_of(version, own)


def _settings() -> Settings:
    require_endpoint()
    return load_settings()


def _filters(
    urgency: str | None, intent: str | None, sentiment: str | None, customer: str | None, since: str | None
) -> Filters:
    try:
        after = None if since is None else times.since(since, time.time())
    except times.BadTime as error:
        raise typer.BadParameter(str(error), param_hint="--since") from None
    return Filters(urgency, intent, sentiment, customer, after)


def query_embedder(settings: Settings) -> Any:
    """Whoever made the stored vectors; the reference engine, which takes seconds to load, by its role."""
    if settings.engine == "ctranslate2":
        from resources.models.query_embedder import QueryEmbedder

        return QueryEmbedder(settings.embedder, str(settings.model_cache_dir.expanduser()))
    from ticket_assets.definitions import build_models

    role = build_models(settings).embedder
    return _OfRole(role)


class _OfRole:
    """An embedder's role, asked for one text at a time."""

    def __init__(self, role: Any) -> None:
        self.version = role.version
        self._role = role

    def embed(self, text: str) -> Any:
        return self._role.embed([text])[0]


def _index(settings: Settings) -> "SearchIndex":
    from ticket_assets.stores.search_index import SearchIndex

    return SearchIndex(settings.pipeline_bucket)


def _show(title: str, found: Sequence[dict[str, Any]], filters: Filters, settings: Settings, json: bool) -> None:
    hits = [{**shown(hit, show_text=settings.show_text), "score": round(hit["score"], 4)} for hit in found]
    if json:
        for hit in hits:
            typer.echo(dumps(hit))
    else:
        from tickets_cli.tables import print_tickets

        lines = [
            {**hit, "summary": f"{hit['score']:.3f}  {times.moment(hit['created_at'], '%Y-%m-%d')}  {hit['summary']}"}
            for hit in hits
        ]
        print_tickets(title, lines, console)
    if not hits:
        aside(why_empty(filters.since, filters.intent))
        raise typer.Exit(1)
