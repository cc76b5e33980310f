"""Headers that every answer has, whatever made it: a page runs its own script alone, and tells nobody where it was."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",  # an address holds what was searched for
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
PRIVATE = "no-store"  # texts of tickets stay in no cache


class SafeHeaders:
    """Sets them on each response of `app`."""

    def __init__(self, app: ASGIApp, *, posts: bool = False) -> None:
        """With `posts`, a form's request says whose page sent it: under `no-referrer` its Origin would be `null`."""
        self._app = app
        self._headers = {**HEADERS, **({"Referrer-Policy": "same-origin"} if posts else {})}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """An ASGI application."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self._headers)
                if not scope["path"].startswith("/static/"):
                    headers["Cache-Control"] = PRIVATE
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)
