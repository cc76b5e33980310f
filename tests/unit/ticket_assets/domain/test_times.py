"""Times as people write them."""

import pytest

from ticket_assets.domain.times import BadTime, moment, since

NOW = 1_800_000_000.7


@pytest.mark.parametrize(
    ("text", "second"),
    [
        ("30m", 1_800_000_000 - 1_800),
        ("24h", 1_800_000_000 - 86_400),
        ("7D", 1_800_000_000 - 604_800),
        ("2w", 1_800_000_000 - 1_209_600),
        ("1970-01-02", 86_400),
        ("1970-01-02T01:00", 90_000),
        ("1970-01-02T01:00:00+01:00", 86_400),
        (" 1970-01-02 ", 86_400),
    ],
)
def test_a_day_a_time_or_how_long_ago_is_a_second(text, second):
    assert since(text, NOW) == second


@pytest.mark.parametrize("text", ["yesterday", "", "0h", "-1h", "1.5h", "24", "7days", "2026-13-01", "9999999h"])
def test_anything_else_is_refused_with_what_is_accepted(text):
    with pytest.raises(BadTime, match="24h"):
        since(text, NOW)


def test_a_second_that_no_calendar_has_is_itself():
    assert moment(86_400) == "1970-01-02 00:00:00"
    assert moment(99_999_999_999_999) == "99999999999999"
