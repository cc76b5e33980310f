"""Lists of tickets: what is urgent, all by one label, doubtful labels, by queries of the table; and a search."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from resources.corrections import NEEDS_REVIEW
from ticket_assets.domain.doubts import REASONS
from ticket_assets.domain.lists import ALL, INDEXED, URGENT, Wanted
from ticket_assets.domain.search import Filters
from ticket_assets.stores.lists import shown
from ticket_assets.stores.search_conditions import passing
from ticket_assets.stores.taxonomy import intents
from tickets_board.asked import CHOICES, PAGE_SIZE, Asked, BadRequest
from tickets_board.rendering import link, page
from tickets_board.sources import Sources

LONGEST_QUERY = 1_000
DEEPEST = 1_000_000
SPANS = (("1h", "last hour"), ("24h", "last 24 hours"), ("7d", "last 7 days"), ("30d", "last 30 days"))


def urgent(request: Request, asked: Asked, sources: Sources) -> Response:
    """The newest tickets that are critical or high."""
    level = asked.choice("urgency", URGENT)
    wanted = Wanted("urgency", (level,) if level else URGENT, asked.since())
    return _listed(request, asked, sources, wanted, "urgent.html", given={"urgency": level}, levels=URGENT)


def tickets(request: Request, asked: Asked, sources: Sources) -> Response:
    """The newest tickets, of one label or one customer if that is asked."""
    chosen, customer = asked.text("list"), asked.text("customer")
    wanted = ALL
    if customer:
        wanted = Wanted("customer_id", (customer,))
    elif chosen:
        name, _, value = chosen.partition(":")
        if name not in INDEXED or not value:
            raise BadRequest(f"list={chosen}: it is urgency:, sentiment: or intent: and a label")
        wanted = Wanted(name, (value,))
    wanted = wanted._replace(since=asked.since())
    options = {**CHOICES, "intent": intents(sources.settings)}
    given = {"list": None if customer else chosen, "customer": customer}
    return _listed(request, asked, sources, wanted, "tickets.html", given=given, options=options)


def doubtful(request: Request, asked: Asked, sources: Sources) -> Response:
    """The newest tickets that a person should look at, for one reason if that is asked."""
    reason = asked.choice("reason", REASONS)
    wanted = Wanted(NEEDS_REVIEW, (reason,) if reason else REASONS, asked.since())
    return _listed(request, asked, sources, wanted, "doubtful.html", given={"reason": reason}, reasons=REASONS)


def search(request: Request, asked: Asked, sources: Sources) -> Response:
    """The tickets nearest to a text that pass the filters, best first; without a text, the newest that pass."""
    text, filters = asked.text("q"), asked.filters()
    if text and len(text) > LONGEST_QUERY:
        raise BadRequest(f"q: a text of at most {LONGEST_QUERY} characters is searched for")
    given = {
        "q": text, "urgency": filters.urgency, "intent": filters.intent, "sentiment": filters.sentiment,
        "customer": filters.customer, "since": asked.text("since"),
    }  # fmt: skip
    options: dict[str, Any] = {"choices": CHOICES, "intents": intents(sources.settings), "spans": SPANS}
    if not text and filters == Filters():
        return page("search.html", given=given, rows=None, total=None, left_out=0, **options, **request.state.common)
    options["left_out"] = sources.index_lists.left_out()
    if text:
        vector = sources.embedder.embed(text)
        found = sources.index.search(sources.embedder.version, text, vector, filters, PAGE_SIZE)
        rows = _shown(found, sources)
        return page("search.html", given=given, rows=rows, total=None, **options, **request.state.common)
    return _filtered(request, asked, sources, filters, given=given, **options)


def _listed(
    request: Request, asked: Asked, sources: Sources, wanted: Wanted, template: str, given: dict[str, Any], **more: Any
) -> Response:
    """A page of a list by queries of an index."""
    before = asked.place()
    found = sources.lists.page(wanted, PAGE_SIZE, before)
    given["since"] = asked.text("since")
    return page(
        template,
        given=given,
        rows=_shown(found.items, sources),
        first=link(request.url.path, given) if before else None,
        next=link(request.url.path, given, page=found.next.token()) if found.next else None,
        spans=SPANS,
        **more,
        **request.state.common,
    )


def _filtered(
    request: Request, asked: Asked, sources: Sources, filters: Filters, given: dict[str, Any], **options: Any
) -> Response:
    """A page of the newest tickets that pass the filters, by the search index's columns."""
    skip = asked.number("from", 0, 0, DEEPEST)
    found = sources.index_lists.newest(passing(filters), PAGE_SIZE, skip)
    end = skip + len(found.rows)
    return page(
        "search.html",
        given=given,
        rows=_shown(found.rows, sources),
        total=found.total,
        begin=skip + 1,
        end=end,
        first=link(request.url.path, given) if skip else None,
        next=link(request.url.path, given, **{"from": end}) if end < found.total else None,
        **options,
        **request.state.common,
    )


def _shown(rows: list[dict[str, Any]], sources: Sources) -> list[dict[str, Any]]:
    return [shown(row, show_text=sources.settings.show_text) for row in rows]
