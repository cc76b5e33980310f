"""Is this an incident? Groups of near tickets in the last hours, those that rise first, with examples."""

from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from ticket_assets.domain.incidents import LEAST, NEAR, Group, groups
from ticket_assets.domain.times import moment
from ticket_assets.domain.trends import HOUR, most_common, step
from ticket_assets.stores.index_lists import MOST_EARLIER, MOST_RECENT, Vectors
from ticket_assets.stores.lists import shown
from tickets_board.asked import Asked
from tickets_board.rendering import page
from tickets_board.sources import Sources

HOURS, BEFORE = 6, 72
MOST_GROUPS, EXAMPLES, MOST_LISTED = 15, 3, 50


def incidents(request: Request, asked: Asked, sources: Sources) -> Response:
    """The groups of the last `hours`, against the `before` hours before them."""
    hours = asked.number("hours", HOURS, 1, 72)
    before = asked.number("before", BEFORE, 1, 24 * 14)
    near, least = asked.number("near", NEAR, 0.3, 0.99), asked.number("least", LEAST, 2, 100)
    begun = asked.now - hours * HOUR
    recent = sources.index_lists.vectors(begun + 1, asked.now, MOST_RECENT)
    begun = int(recent.at.min()) - 1 if recent.cut else begun  # so that no ticket is between the two
    earlier = sources.index_lists.vectors(begun - before * HOUR, begun, MOST_EARLIER)
    known = _known(begun, earlier)
    share = (asked.now - begun) / (asked.now - begun + known)
    found = groups(recent.vectors, earlier.vectors, share, near, least) if known else []
    if not known:  # nothing to count against
        found = groups(recent.vectors, earlier.vectors, 0.5, near, least)
    told = _told(found[:MOST_GROUPS], recent, earlier, sources, asked.now)
    return page(
        "incidents.html",
        given={"hours": hours, "before": before, "near": near, "least": least},
        groups=told,
        rising=sum(group.rises for group in found) if known else 0,
        more=max(0, len(found) - MOST_GROUPS),
        total=len(recent.ids),
        apart=len(recent.ids) - sum(len(group.members) for group in found),
        known=known,
        cut=recent.cut,
        left_out=sources.index_lists.left_out(),
        **request.state.common,
    )


def _known(begun: int, earlier: Vectors) -> int:
    """How many of the seconds before tickets are known of: no more than since the first of them."""
    return begun - int(earlier.at.min()) if len(earlier.at) else 0


def _told(found: list[Group], recent: Vectors, earlier: Vectors, sources: Sources, now: int) -> list[dict[str, Any]]:
    examples = [recent.ids[number] for group in found for number in group.members[:EXAMPLES]]
    rows = {row["ticket_id"]: row for row in sources.index_lists.rows(examples)}
    oldest = int(earlier.at.min()) if len(earlier.at) else int(recent.at.min()) if len(recent.at) else now
    told = []
    for group in found:
        ids = [recent.ids[number] for number in group.members]
        own = [rows[ticket] for ticket in ids[:EXAMPLES] if ticket in rows]
        when = np.concatenate([recent.at[group.members], earlier.at[group.earlier]])
        told.append(
            {
                "rises": group.rises,
                "change": group.change,
                "intent": most_common([recent.intents[number] for number in group.members]),
                "customers": len({recent.customers[number] for number in group.members}),
                "first": int(recent.at[group.members].min()),
                "rows": [shown(row, show_text=sources.settings.show_text) for row in own],
                "others": ids[EXAMPLES:MOST_LISTED],
                "left": max(0, len(ids) - MOST_LISTED),
                **_chart(when, oldest, now),
            }
        )
    return told


def _chart(when: np.ndarray, oldest: int, now: int) -> dict[str, Any]:
    size = step(max(HOUR, now - oldest))
    parts = -(-max(HOUR, now - oldest) // size)
    start = now - parts * size
    numbers = np.bincount(np.clip((when - start) // size, 0, parts - 1).astype(int), minlength=parts).tolist()
    return {"counts": {"tickets": numbers}, "titles": [moment(start + n * size, "%m-%d %H:%M") for n in range(parts)]}
