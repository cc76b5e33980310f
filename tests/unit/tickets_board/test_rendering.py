"""How numbers, times, texts and addresses are written on a page."""

import pytest

from tickets_board.rendering import ago, environment, lines, link, thousands

NOW = 1_800_000_000


@pytest.mark.parametrize(
    ("passed", "said"),
    [
        (0, "just now"),
        (59, "just now"),
        (60, "1 min ago"),
        (3_599, "59 min ago"),
        (7_200, "2 h ago"),
        (200_000, "2 d ago"),
    ],
)
def test_a_time_is_said_in_one_unit(passed, said):
    assert ago(NOW - passed, NOW) == said


@pytest.mark.parametrize(
    ("second", "said"), [(NOW + 5, "2027-01-15"), (0, "1970-01-01"), (99_999_999_999, "5138-11-16")]
)
def test_a_time_to_come_or_long_gone_is_a_day(second, said):
    assert ago(second, NOW) == said


def test_an_address_keeps_what_was_asked_without_what_is_empty():
    asked = {"since": "24h", "urgency": None, "customer": ""}

    assert link("/urgent", asked, page="17~0:T-1") == "/urgent?since=24h&page=17~0%3AT-1"
    assert link("/urgent", asked, since=None) == "/urgent"
    assert link("/x", customer="a&b=c/#") == "/x?customer=a%26b%3Dc%2F%23"


def test_a_text_keeps_its_lines_and_loses_what_moves_it():
    assert lines("a <b>\r\n\u202eb\x1b[31m") == "a &lt;b&gt;<br>b [31m"


def test_counts_are_whole_where_they_are_or_are_large():
    assert [thousands(n) for n in (1_234, 1.0, 0.64, 1_234.56)] == ["1,234", "1", "0.6", "1,235"]


def test_templates_escape_by_themselves():
    assert environment().from_string("{{ x }}").render(x="<&\"'>") == "&lt;&amp;&#34;&#39;&gt;"
