"""A label corrected on a ticket's page: the same decision as by `tickets correct`, then the ticket's page anew."""

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ticket_assets.domain.search import LABELS
from ticket_assets.stores.correcting import BeingWritten, NoSuchLabel, NoSuchTicket, check_labels, correct_ticket
from tickets_board.asked import Asked
from tickets_board.forms import Refused
from tickets_board.rendering import page
from tickets_board.sources import Sources

UNDO = "undo"
STATUS = {NoSuchTicket: 404, NoSuchLabel: 400, BeingWritten: 409}


def correct(request: Request, _: Asked, sources: Sources) -> Response:
    """Decide as the form says, and lead back to the ticket. Raises Refused."""
    ticket_id, fields = request.path_params["ticket_id"], request.state.form
    labels = {name: label for name, label in fields.items() if name != UNDO}
    if unknown := labels.keys() - set(LABELS):
        said = f"{', '.join(sorted(unknown))}: the form has {', '.join(LABELS)} and {UNDO}"
        raise Refused(400, said)
    try:
        check_labels(sources.settings, labels, undo=UNDO in fields)
        line = correct_ticket(sources.settings, ticket_id, labels, sources.explain) if fields else None
    except tuple(STATUS) as error:
        raise Refused(STATUS[type(error)], str(error)) from None
    if line:
        return page("error.html", title=ticket_id, said=line, back=ticket_id, **request.state.common)
    return RedirectResponse(f"/tickets/{quote(ticket_id)}", 303)
