import pytest

from tickets_cli.safe_text import escaped, hex_dump, printable


def test_what_prints_and_line_ends_stay_as_they_are():
    text = '{"body": "caf\u00e9 \u65e5\u672c \U0001f600",\n  "a": 1}'

    assert escaped(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", "\\x1b[2J"),
        ("\x9b2J", "\\x9b2J"),
        ("a\rb\x00\x07\t", "a\\rb\\x00\\x07\\t"),
        ("\u202egnp", "\\u202egnp"),
        ("\ud800", "\\ud800"),
        ("\U000e0001", "\\U000e0001"),
    ],
    ids=["escape", "one-byte escape", "controls", "right-to-left override", "half a pair", "tag"],
)
def test_what_can_drive_a_terminal_is_shown_as_an_escape(text, shown):
    assert escaped(text) == shown


def test_bytes_that_are_no_text_are_shown_as_a_hex_dump():
    assert list(printable(b"\xff\x00abc\x1b", 1_000)) == [
        "00000000  ff 00 61 62 63 1b                                ..abc."
    ]


def test_a_hex_dump_shows_sixteen_bytes_a_line_with_their_offset():
    first, second = hex_dump(bytes(range(0x41, 0x41 + 17)))

    assert first == "00000000  41 42 43 44 45 46 47 48 49 4a 4b 4c 4d 4e 4f 50  ABCDEFGHIJKLMNOP"
    assert second.startswith("00000010  51 ")


def test_what_is_too_long_is_cut_and_says_by_how_much():
    assert list(printable(b"\xc3\xa9\n12345", 4)) == ["\u00e9", "12", "… 3 more bytes"]
    assert list(printable(b"\xff" * 40, 64))[-1] == "… 24 more bytes"


def test_nothing_is_one_empty_line():
    assert list(printable(b"", 10)) == [""]
