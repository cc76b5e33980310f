"""Which enriched tickets a person means: conditions such as urgency=critical, all of which must hold. Pure."""

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any, NamedTuple, get_args

from ticket_assets.domain.models import Sentiment, Urgency

TEXTS = ("model_version", "intent", "urgency", "sentiment", "customer_id", "batch", "source", "language")
VOCABULARIES = {"urgency": get_args(Urgency), "sentiment": get_args(Sentiment)}
SHAPE = re.compile(r"\s*(\w+)\s*(!=|>=|<=|=)\s*(.*?)\s*", re.DOTALL)
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    "<=": operator.le,
}


class BadCondition(ValueError):
    """A condition that cannot be understood; the message names it and says what is accepted."""


class Condition(NamedTuple):
    """A field of a ticket's item, how to compare it, and with what."""

    field: str
    sign: str
    value: str | int

    def holds(self, item: Mapping[str, Any]) -> bool:
        """Whether it holds for the item; a field that the item lacks equals no value."""
        return COMPARE[self.sign](item.get(self.field), self.value)


def parse(text: str) -> Condition:
    """The condition that `text` says, such as `sentiment!=NEUTRAL` or `created_at>=2026-11-01`. Raises BadCondition."""
    match = SHAPE.fullmatch(text)
    if match is None:
        raise BadCondition(f"{text!r} is no condition: write field=value, field!=value, created_at>=DATE or <=DATE")
    field, sign, value = match.groups()
    if field == "created_at" and sign in {">=", "<="}:
        return Condition(field, sign, _seconds(text, value, last=sign == "<="))
    if field not in TEXTS or sign not in {"=", "!="}:
        raise BadCondition(f"{text!r}: fields are {', '.join(TEXTS)} with = or !=, and created_at with >= or <=")
    known = VOCABULARIES.get(field)
    if known and value not in known:
        raise BadCondition(f"{text!r}: {field} is one of {', '.join(known)}")
    return Condition(field, sign, value)


def first_equality(conditions: Sequence[Condition], fields: Sequence[str]) -> Condition | None:
    """The first condition that asks one of `fields` for one value that it can have."""
    return next((c for c in conditions if c.sign == "=" and c.field in fields and c.value), None)


def _seconds(text: str, value: str, *, last: bool) -> int:
    """A date or time in Unix seconds, in UTC unless it says otherwise; a date's first second, or its last."""
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
            day = date.fromisoformat(value)
            return int(datetime.combine(day, time(23, 59, 59) if last else time(), UTC).timestamp())
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise BadCondition(f"{text!r}: {value!r} is no date such as 2026-11-23 or 2026-11-23T14:30:00Z") from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
