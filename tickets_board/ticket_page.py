"""One ticket: its text, its labels and why it has them, and the tickets nearest to it."""

import shlex
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from resources.display import plain
from ticket_assets.domain.classification import SHORT_BODY_WORDS, explicit_urgency
from ticket_assets.domain.search import LABELS, Filters
from ticket_assets.stores.decided import decided
from ticket_assets.stores.lists import Whole, shown
from ticket_assets.stores.taxonomy import known_labels, spoken
from tickets_board.asked import Asked
from tickets_board.rendering import page
from tickets_board.sources import Sources

NEIGHBOURS, LISTED = 10, 5


class Near(NamedTuple):
    """The tickets nearest to one, or why they cannot be told."""

    rows: list[dict[str, Any]]
    trouble: str | None = None


def ticket(request: Request, _: Asked, sources: Sources) -> Response:
    """The ticket of the address, or a page with status 404 that says who knows more."""
    ticket_id = request.path_params["ticket_id"]
    with ThreadPoolExecutor(1) as other:
        nearing = other.submit(_near, sources, ticket_id)
        found = sources.lists.ticket(ticket_id, consistent=sources.corrects)
        if found is None:
            said = "It waits, is in quarantine, was forgotten or never came. Ask on a terminal:"
            return page(
                "error.html", 404, title="No such ticket is enriched", said=said,
                command=f"tickets where {shlex.quote(plain(ticket_id))}", **request.state.common,
            )  # fmt: skip
        item, near = found.item, nearing.result()
    if item["ticket_id"] != ticket_id:  # the address names the key of its raw object
        near = _near(sources, item["ticket_id"])
    return page(
        "ticket.html",
        ticket=shown({**item, "body": found.body}, show_text=sources.settings.show_text),
        customer=item.get("customer_id") if sources.settings.show_text else None,
        by_people=decided(item),
        choices=known_labels(sources.settings) if sources.corrects else None,
        why={name: why(sources, name, found, near.rows) for name in LABELS},
        summary_why=summary_why(found),
        models=str(item["model_version"]).split("/"),
        record=sources.lists.record_url(item),
        batch_url=sources.batch_url(item.get("batch")),
        near=Near([shown(row, show_text=sources.settings.show_text) for row in near.rows[:LISTED]], near.trouble),
        **request.state.common,
    )


def why(sources: Sources, name: str, found: Whole, near: list[dict[str, Any]]) -> list[str]:
    """What is known of why the ticket has this label: who decided, what in the text speaks for it, its neighbours."""
    item, label = found.item, found.item[name]
    if by_person := decided(item).get(name):
        return [f"A person decided on {by_person.when}; {by_person.instead}."]
    if name == "urgency" and explicit_urgency(item.get("priority")):
        return ["The producer set this priority, which wins over the model."]
    told = []
    text = f"{found.record.get('subject', '')}\n{found.record.get('body', '')}" if found.record else ""
    said = spoken(sources.settings, name, label, text, str(item["model_version"])) if name != "sentiment" else None
    if said and said.rule:
        told.append(f"A rule of the label file decided: {said.rule}.")
    elif said and said.keywords:
        told.append(f"{said.keywords} of the label file's keywords for it stand in the text.")
    if near:
        same = sum(row[name] == label for row in near)
        told.append(f"{same} of the {len(near)} nearest tickets have this label.")
    return told or ["The model's choice, from the text's meaning."]


def summary_why(found: Whole) -> str:
    """Where the summary comes from."""
    if found.body is not None and len(found.body.split()) < SHORT_BODY_WORDS:
        return f"the subject, since the text has under {SHORT_BODY_WORDS} words"
    return "made by the model"


def _near(sources: Sources, ticket_id: str) -> Near:
    try:
        version = sources.embedder.version
        vector = sources.index.vector_of(version, ticket_id)
        found = sources.index.near(version, vector, Filters(), NEIGHBOURS + 1)
    except Exception as error:
        said = sources.explain(error)
        if said is None:
            raise
        return Near([], said)
    return Near([row for row in found if row["ticket_id"] != ticket_id][:NEIGHBOURS])
