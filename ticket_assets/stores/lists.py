"""Enriched tickets as readers ask for them: pages of a list by queries of an index, and one ticket whole.

Loads no Dagster: a command that must answer within a second reads it. Never scans.
"""

import json
import re
from functools import partial
from typing import Any, NamedTuple

from resources.aws import concurrently
from resources.reading import find_object, query
from ticket_assets.domain.intake import object_key
from ticket_assets.domain.items import is_index_key
from ticket_assets.domain.lists import Page, Place, Wanted, index_name, page
from ticket_assets.stores.disclosure import shown  # noqa: F401 - most take it from here

IS_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
END = 99_999_999_999  # the last second that a ticket may have


class Whole(NamedTuple):
    """A ticket's item, and its full record as JSON; None where that is gone, as while it is being forgotten."""

    item: dict[str, Any]
    record: dict[str, Any] | None

    @property
    def body(self) -> str | None:
        """What the customer wrote."""
        return None if self.record is None else str(self.record.get("body", ""))


class Lists:
    """The lists over a table, and the records in a bucket."""

    def __init__(self, table: str, records: str) -> None:
        self._table = table
        self._records = records

    def page(self, wanted: Wanted, limit: int, before: Place | None = None) -> Page:
        """The newest `limit` of the wanted tickets, or those behind `before`; one query a value, at the same time."""
        numbers = range(len(wanted.values))
        return page(concurrently(partial(self._query, wanted, limit + 1, before), numbers), limit, before)

    def ticket(self, name: str, *, consistent: bool = False) -> Whole | None:
        """The ticket of this id or, where none has it, of this key of a raw object; None where none is enriched.

        `consistent` shows what was decided a moment ago, at twice the price.
        """
        ids = [name, *([name.removesuffix(".json")] if name.endswith(".json") else [])]
        return next((found for each in ids if (found := self._ticket(each, consistent))), None)

    def _ticket(self, ticket_id: str, consistent: bool) -> Whole | None:
        if not IS_ID.fullmatch(ticket_id):
            return None
        stored = query(self._table, ("ticket_id", ticket_id), 2, consistent=consistent)
        items = [item for item in stored if "urgency" in item]
        if not items:  # none, or one that says that it was forgotten
            return None
        found = find_object(self._records, items[0].get("s3_key") or object_key(ticket_id))
        return Whole(items[0], json.loads(found[1]) if found and found[1] else None)

    def record_url(self, item: dict[str, Any]) -> str:
        """Where the full record lies."""
        return f"s3://{self._records}/{item.get('s3_key') or object_key(item['ticket_id'])}"

    def _query(self, wanted: Wanted, limit: int, before: Place | None, number: int) -> list[dict[str, Any]]:
        attribute, value = wanted.attribute, wanted.values[number]
        if not is_index_key(value):
            return []
        behind = None
        if before and number in before.shown:
            behind = {
                attribute: {"S": value},
                "created_at": {"N": str(before.second)},
                "ticket_id": {"S": before.shown[number]},
            }
        between = ("created_at", wanted.since or 0, before.second if before else END)
        index = index_name(attribute)
        return query(self._table, (attribute, value), limit, index=index, between=between, behind=behind)
