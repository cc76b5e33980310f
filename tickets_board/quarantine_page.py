"""What could not be enriched, why, and what to do. It changes nothing: the commands that do are named."""

import shlex
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from resources.display import plain
from resources.object_store import S3ObjectStore
from ticket_assets.domain.quarantine import QuarantineEntry, Reason, one_line, without_texts
from ticket_assets.domain.remedies import REMEDIES
from ticket_assets.stores.quarantine import Held
from ticket_assets.stores.quarantine_list import newest
from tickets_board.asked import Asked
from tickets_board.rendering import page
from tickets_board.sources import Sources

MOST = 50


def quarantine(request: Request, asked: Asked, sources: Sources) -> Response:
    """The newest entries, of one reason if that is asked."""
    given = asked.choice("reason", list(Reason))
    settings = sources.settings
    store, records = S3ObjectStore(bucket=settings.pipeline_bucket), S3ObjectStore(bucket=settings.enriched_bucket)
    found = newest(store, records, Reason(given) if given else None, MOST)
    return page(
        "quarantine.html",
        given={"reason": given},
        reasons=list(Reason),
        entries=[_told(held) for held in found.held],
        more=found.more,
        looked=found.looked,
        **request.state.common,
    )


def _told(held: Held) -> dict[str, Any]:
    entry = without_texts(held.entry)
    is_object = isinstance(entry, QuarantineEntry)
    name = entry.key if is_object else entry.message_id
    return {
        "name": name,
        "reason": entry.reason,
        "errors": one_line(entry.errors),
        "at": entry.at,
        "batch": entry.batch if is_object else "",
        "remedy": REMEDIES[entry.reason],
        "command": f"tickets quarantine show {shlex.quote(plain(name))}",
        "replays": entry.reason in {Reason.MODEL_FAILURE, Reason.DEAD_LETTER, Reason.OBJECT_UNREADABLE},
        "replay": f"tickets quarantine replay {shlex.quote(plain(name))}",
    }
