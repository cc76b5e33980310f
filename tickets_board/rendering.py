"""Pages from templates. Jinja2 escapes everything; what strangers wrote is also stripped of signs that move a text."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

from resources.display import plain
from ticket_assets.domain.times import moment
from tickets_board import charts

HERE = Path(__file__).parent
MINUTE, HOUR, DAY = 60, 3_600, 86_400


@cache
def environment() -> Environment:
    """The templates, each read once."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, auto_reload=False,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    made.filters |= {
        "moment": moment,
        "plain": plain,
        "ago": ago,
        "lines": lines,
        "share": share,
        "thousands": thousands,
    }
    made.globals |= {"bars": charts.bars, "bar": charts.bar, "link": link}
    return made


def page(template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A template filled in."""
    return HTMLResponse(environment().get_template(template).render(**values), status)


def link(path: str, given: Mapping[str, object] | None = None, **changes: object) -> str:
    """A path with the parameters given and changed; those that are None are left out."""
    asked = {name: value for name, value in {**(given or {}), **changes}.items() if value not in (None, "")}
    return f"{path}?{urlencode(asked)}" if asked else path


def ago(second: int, now: int) -> str:
    """How long before `now` that was, in one unit; the day where that is longer than a month."""
    passed = now - second
    if passed < 0 or passed > 31 * DAY:
        return moment(second, "%Y-%m-%d")
    for size, unit in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if passed >= size:
            return f"{passed // size} {unit} ago"
    return "just now"


def lines(text: str) -> Markup:
    """A text with its line breaks, each line escaped."""
    return Markup("<br>").join(plain(line) for line in text.splitlines())


def share(value: float) -> str:
    """A confidence or a score, two digits."""
    return f"{value:.2f}"


def thousands(value: float) -> str:
    """A count; one digit behind the point where it is none."""
    return f"{value:,.0f}" if float(value).is_integer() or value >= 100 else f"{value:,.1f}"  # noqa: PLR2004 - digits
