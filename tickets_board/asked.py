"""What a URL asks for: its parameters, checked. A wrong one is said with what is right, as a page of its own."""

from collections.abc import Mapping, Sequence
from typing import TypeVar, get_args

from ticket_assets.domain.lists import BadPlace, Place
from ticket_assets.domain.models import Sentiment, Urgency
from ticket_assets.domain.search import Filters
from ticket_assets.domain.times import BadTime, since

Number = TypeVar("Number", int, float)

PAGE_SIZE = 25
CHOICES = {"urgency": get_args(Urgency), "sentiment": get_args(Sentiment)}


class BadRequest(ValueError):
    """A parameter that means nothing; the message names it and says what is accepted."""


class Asked:
    """The parameters of one request; an empty one counts as not given, as a form sends it."""

    def __init__(self, given: Mapping[str, str], now: int) -> None:
        self._given = {name: value.strip() for name, value in given.items() if value.strip()}
        self.now = now

    def text(self, name: str) -> str | None:
        """The parameter as it was given."""
        return self._given.get(name)

    def choice(self, name: str, among: Sequence[str], default: str | None = None) -> str | None:
        """One of these, in any case. Raises BadRequest."""
        given = self.text(name)
        if given is None:
            return default
        known = {each.lower(): each for each in among}
        if given.lower() not in known:
            raise BadRequest(f"{name}={given}: it is one of {', '.join(among)}")
        return known[given.lower()]

    def number(self, name: str, default: Number, low: Number, high: Number) -> Number:
        """A number of the default's kind within these bounds. Raises BadRequest."""
        given = self.text(name)
        if given is None:
            return default
        try:
            value = type(default)(given)
        except ValueError:
            value = None
        if value is None or not low <= value <= high:
            raise BadRequest(f"{name}={given}: it is a number from {low} to {high}")
        return value

    def since(self, default: str | None = None) -> int | None:
        """The Unix second of the parameter `since`. Raises BadRequest."""
        given = self.text("since") or default
        try:
            return None if given is None else since(given, self.now)
        except BadTime as error:
            raise BadRequest(f"since: {error}") from None

    def place(self) -> Place | None:
        """Where the page before ended. Raises BadRequest."""
        given = self.text("page")
        try:
            return None if given is None else Place.parse(given)
        except BadPlace as error:
            raise BadRequest(f"page={given}: {error}") from None

    def filters(self) -> Filters:
        """What a searched ticket must be. Raises BadRequest."""
        return Filters(
            urgency=self.choice("urgency", CHOICES["urgency"]),
            intent=self.text("intent"),
            sentiment=self.choice("sentiment", CHOICES["sentiment"]),
            customer=self.text("customer"),
            since=self.since(),
        )
