"""Times as people write and read them: a day, a moment, or how long ago; in UTC. Pure."""

import re
from contextlib import suppress
from datetime import UTC, datetime

HINT = "a day or a time such as 2026-11-23 or 2026-11-23T14:00, in UTC, or how long ago: 30m, 24h, 7d, 2w"
UNITS = {"m": 60, "h": 3_600, "d": 86_400, "w": 7 * 86_400}
AGO = re.compile(r"([1-9]\d{0,5})([mhdw])")


class BadTime(ValueError):
    """A text that names no time; the message quotes it and says what is accepted."""


def since(text: str, now: float) -> int:
    """The Unix second that `text` names: a day, a time (in UTC unless it names another zone), or so long before `now`.

    Raises BadTime.
    """
    ago = AGO.fullmatch(text.strip().lower())
    if ago:
        return int(now) - int(ago[1]) * UNITS[ago[2]]
    try:
        at = datetime.fromisoformat(text.strip())
        return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        raise BadTime(f"{text!r} is not {HINT}") from None


def moment(second: float, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    """A Unix second as UTC; the number itself where no calendar has it: a created_at may lie in the year 5138."""
    with suppress(OverflowError, ValueError):
        return f"{datetime.fromtimestamp(second, UTC):{form}}"
    return str(second)
