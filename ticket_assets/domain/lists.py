"""Lists of enriched tickets, newest first: which index has them, how several of its values merge, where a page ends.

Pure: it works on items as an index gives them, each value's newest first.
"""

import re
from collections.abc import Mapping, Sequence
from heapq import merge
from itertools import islice
from typing import Any, NamedTuple, Self, get_args

from ticket_assets.domain.models import Urgency

INDEXED = ("urgency", "sentiment", "intent", "customer_id")
URGENT = ("critical", "high")
TOKEN = re.compile(r"\d{1,12}(~\d{1,2}:[A-Za-z0-9._-]{1,128})*")


class BadPlace(ValueError):
    """A text that is no place in a list; the message says where to take one from."""


class Wanted(NamedTuple):
    """The tickets whose `attribute`, which has an index, is one of `values`; `since` in Unix seconds."""

    attribute: str
    values: tuple[str, ...]
    since: int | None = None


class Place(NamedTuple):
    """Where a page ends: its last ticket's second, and by the value's number the last ticket of this second shown.

    The order of an index decides between tickets of one second, so none is left out or shown twice.
    """

    second: int
    shown: Mapping[int, str]

    def token(self) -> str:
        """The place as a word for a command line or a URL."""
        return "".join([str(self.second), *(f"~{value}:{ticket}" for value, ticket in sorted(self.shown.items()))])

    @classmethod
    def parse(cls, token: str) -> Self:
        """The place that `token` made. Raises BadPlace."""
        if not TOKEN.fullmatch(token):
            raise BadPlace("that is no place in a list: take the one that the page before ends with")
        second, *shown = token.split("~")
        pairs = (each.split(":") for each in shown)
        return cls(int(second), {int(value): ticket for value, ticket in pairs})


class Page(NamedTuple):
    """Some tickets of a list, and where the next page begins; None on the last one."""

    items: list[dict[str, Any]]
    next: Place | None


ALL = Wanted("urgency", get_args(Urgency))  # every ticket has one of them


def index_name(attribute: str) -> str:
    """The table's index by `attribute`, such as urgency-index."""
    return f"{attribute.replace('_id', '')}-index"


def page(found: Sequence[Sequence[dict[str, Any]]], limit: int, before: Place | None) -> Page:
    """The newest `limit` of what each value's query found behind `before`, more than `limit` where there are more."""
    numbered = ([(number, item) for item in items] for number, items in enumerate(found))
    merged = list(islice(merge(*numbered, key=lambda pair: -pair[1]["created_at"]), limit + 1))
    taken = merged[:limit]
    items = [item for _, item in taken]
    if len(merged) <= limit:
        return Page(items, None)
    second = items[-1]["created_at"]
    shown = dict(before.shown) if before and before.second == second else {}
    shown |= {number: item["ticket_id"] for number, item in taken if item["created_at"] == second}
    return Page(items, Place(second, shown))
