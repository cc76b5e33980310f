"""What a form of the page's own sends: nobody else's page may send one, and none is long."""

from urllib.parse import parse_qsl, urlsplit

from starlette.requests import ClientDisconnect, Request

KIND = "application/x-www-form-urlencoded"
MOST_BYTES, MOST_FIELDS = 4_096, 16


class Refused(Exception):
    """Nothing is done of what a form asks for; the message says why, and what to do."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.status = status


async def form(request: Request) -> dict[str, str]:
    """The fields of a form that a page of this server sent, without those left empty. Raises Refused."""
    if not _is_own(request):
        raise Refused(403, "another page sent this form, or none: open the ticket here and correct it there")
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != KIND:
        raise Refused(415, f"a form is sent as {KIND}")
    try:
        pairs = parse_qsl((await _body(request)).decode(), errors="strict", max_num_fields=MOST_FIELDS)
    except (ValueError, ClientDisconnect):
        raise Refused(400, "the form cannot be read: open the ticket anew") from None
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise Refused(400, "the form has a field twice: open the ticket anew")
    return fields


async def _body(request: Request) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            raise Refused(413, f"a form has at most {MOST_BYTES} bytes")
    return body


def _is_own(request: Request) -> bool:
    """Whether a page of this server sent the request. Its Host, which it is compared with, is checked already."""
    origin = request.headers.get("origin")
    if origin is None:
        return request.headers.get("sec-fetch-site") == "same-origin"
    place = urlsplit(origin)  # a proxy may speak TLS for the page: the scheme is its own
    return place.scheme in {"http", "https"} and place.netloc.lower() == request.headers.get("host", "").lower()
