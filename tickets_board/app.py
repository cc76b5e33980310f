"""The application: addresses, what may speak to it, headers, and what a failure looks like."""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from resources.endpoint import endpoint_name
from tickets_board import incidents_page, list_pages, overview_page, quarantine_page, ticket_page
from tickets_board.asked import Asked, BadRequest
from tickets_board.forms import Refused, form
from tickets_board.headers import SafeHeaders
from tickets_board.rendering import HERE, page
from tickets_board.sources import Sources

View = Callable[[Request, Asked, Sources], Response]

LOCAL = ("127.0.0.1", "localhost")
TICKET = "/tickets/{ticket_id:path}"
NAV = (
    ("/urgent", "Urgent"),
    ("/overview", "Overview"),
    ("/incidents", "Incidents"),
    ("/search", "Search"),
    ("/tickets", "All tickets"),
    ("/doubtful", "Doubtful"),
    ("/quarantine", "Quarantine"),
)
VIEWS: dict[str, View] = {
    "/urgent": list_pages.urgent,
    "/tickets": list_pages.tickets,
    "/doubtful": list_pages.doubtful,
    "/search": list_pages.search,
    "/overview": overview_page.overview,
    "/incidents": incidents_page.incidents,
    "/quarantine": quarantine_page.quarantine,
    TICKET: ticket_page.ticket,
}
_log = logging.getLogger(__name__)


def build_app(sources: Sources, hosts: Sequence[str] = ()) -> ASGIApp:
    """The application. It answers only requests whose Host is this machine or one of `hosts`.

    So a page of somebody else's, whose name was pointed at 127.0.0.1, reads nothing here (DNS rebinding).
    """
    routes = [Route(path, partial(_answer, view, sources), methods=["GET"]) for path, view in VIEWS.items()]
    if sources.corrects:
        from tickets_board.correction import correct  # it loads what writes, which takes seconds

        routes.append(Route(TICKET, partial(_posted, correct, sources), methods=["POST"]))
    made = Starlette(
        routes=[
            Route("/", lambda _: RedirectResponse("/urgent")),
            *routes,
            Mount("/static", StaticFiles(directory=HERE / "static")),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=[*LOCAL, *hosts], www_redirect=False)],
        exception_handlers={
            HTTPException: partial(_refused, sources),
            Refused: partial(_undecided, sources),
            Exception: partial(_broken, sources),
        },
    )
    return SafeHeaders(made, posts=sources.corrects)  # outside of everything, so that a failure's page has them too


def _answer(view: View, sources: Sources, request: Request) -> Response:
    """The view's page, or one that names what is wrong and what to do. Starlette runs it in a thread of its pool."""
    request.state.now = sources.now
    request.state.common = common(sources, request.url.path)
    try:
        return view(request, Asked(request.query_params, sources.now), sources)
    except BadRequest as error:
        return _error(sources, request, 400, "That address asks for something that there is not", str(error))
    except Exception as error:
        said = sources.explain(error)
        if said is None:
            raise
        _log.warning("%s: %s", request.url.path, said)
        done = "shown" if request.method == "GET" else "decided"
        return _error(sources, request, 503, f"That cannot be {done} now", said)


async def _posted(view: View, sources: Sources, request: Request) -> Response:
    request.state.form = await form(request)
    return await run_in_threadpool(_answer, view, sources, request)


def common(sources: Sources, path: str) -> dict[str, object]:
    """What every page says: where it is, what of, and whether texts are shown."""
    here = next((place for place, _ in NAV if path == place or path.startswith(f"{place}/")), "")
    return {
        "nav": NAV,
        "here": here,
        "current": "page" if here == path else "true",
        "now": sources.now,
        "endpoint": urlsplit(endpoint_name()).netloc or endpoint_name(),
        "show_text": sources.settings.show_text,
        "dagster": sources.dagster,
    }


async def _refused(sources: Sources, request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    said = "Choose one of the views above." if status == 404 else str(error)  # noqa: PLR2004 - HTTP's own
    return _error(sources, request, status, "There is no such page" if status == 404 else "That is not allowed", said)  # noqa: PLR2004


async def _undecided(sources: Sources, request: Request, error: Exception) -> Response:
    return _error(
        sources, request, error.status if isinstance(error, Refused) else 500, "Nothing was decided", str(error)
    )


async def _broken(sources: Sources, request: Request, _: Exception) -> Response:
    said = "This is a defect of the page, not of your tickets. The terminal that serves it has the details."
    return _error(sources, request, 500, "Something broke here", said)


def _error(sources: Sources, request: Request, status: int, title: str, said: str) -> Response:
    return page("error.html", status, title=title, said=said, **common(sources, request.url.path))
