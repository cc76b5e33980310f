"""What an address asks for."""

import pytest

from ticket_assets.domain.lists import Place
from ticket_assets.domain.search import Filters
from tickets_board.asked import Asked, BadRequest

NOW = 1_800_000_000


def test_parameters_are_what_they_say_and_empty_ones_are_not_given():
    asked = Asked(
        {"urgency": "HIGH", "since": "1h", "customer": " C-1 ", "intent": "", "under": "0.25", "page": "17~0:T"}, NOW
    )

    assert asked.filters() == Filters(urgency="high", customer="C-1", since=NOW - 3_600)
    assert asked.number("under", 0.5, 0.0, 1.0) == 0.25
    assert asked.number("hours", 6, 1, 72) == 6
    assert asked.place() == Place(17, {0: "T"})
    assert asked.choice("reason", ["a"], "a") == "a"


@pytest.mark.parametrize("given", ["x", "nan", "inf", "-0.1", "1.1", "0x1", "1e999"])
def test_a_number_that_is_none_or_lies_outside_is_refused(given):
    with pytest.raises(BadRequest, match=r"under=.* 0.0 to 1.0"):
        Asked({"under": given}, NOW).number("under", 0.5, 0.0, 1.0)


def test_a_label_that_there_is_not_is_refused_with_those_that_are():
    with pytest.raises(BadRequest, match="critical, high, medium, low"):
        Asked({"urgency": "urgent"}, NOW).filters()
