"""What strangers wrote is masked where it is a person's, and left where it only looks so."""

import pytest

from resources.display import disclosed, masked, plain


@pytest.mark.parametrize(
    "address",
    ["ann@example.com", "ann.o'neil+tag@mail.example.co.uk", "a_b%c@ex-ample.org", "\u00e4nn@b\u00fccher.example"],
)
def test_an_email_address_is_masked(address):
    assert masked(f"Write to <{address}>, please.") == "Write to <[e-mail]>, please."


@pytest.mark.parametrize(
    "number",
    [
        "4111 1111 1111 1111",
        "4111111111111111",
        "5555-5555-5555-4444",
        "378282246310005",
        "3782 822463 10005",
        "6011111111111117",
    ],
)
def test_a_card_number_is_masked(number):
    assert masked(f"My card {number}, was charged twice") == "My card [card], was charged twice"


@pytest.mark.parametrize(
    "number",
    [
        "+49 171 1234567", "+1 (555) 123-4567", "+442071838750", "+33 1 23 45 67 89", "0171 1234567", "0171/1234567",
        "030 123 45 67", "0049 171 1234567", "07911 123456", "01711234567", "555-123-4567", "(555) 123-4567",
        "555.123.4567", "1-800-555-1234", "(0171) 1234567",
    ],
)  # fmt: skip
def test_a_phone_number_is_masked(number):
    assert masked(f"Call me at {number}, or write.") == "Call me at [phone], or write."
    assert masked(number) == "[phone]"


@pytest.mark.parametrize(
    "text",
    [
        "order 4111111111111112",  # sixteen digits, wrong check digit
        "order 1234567890123452",  # right check digit, but no issuer's first digit
        "order ORD-2024-001234, invoice INV-0123456789, part 0815-ABC",
        "order 5551234567 of 1760000000 and 1760000000000",
        "2026-11-23 17:08:00, 2026-11-23T17:08:00.123456Z, 01.02.2026, 01/02/2026 and 01-02-2026 10:30",
        "at 00:12:34.567890 and 07:30-08:45",
        "batch 20261123T112005Z-3f9a1c02, run 550e8400-e29b-41d4-a716-446655440000",
        "127.0.0.1:4566 answers 503, version 1.13.27, 192.168.100.200",
        "0.123456789 of 1,234,567.89 EUR, 12.345.678 units, 100 200 300",
        "s3://tickets-raw/TKT-20261123-0171123456.json",
        "@ann wrote to ann@ and @example.com",
        "00000000011d3a and abc0171123456",
    ],
)
def test_what_is_no_persons_number_is_left(text):
    assert masked(text) == text


def test_all_that_a_text_holds_is_masked():
    text = "ann@example.com, bob@example.com; +49 171 1234567 4111 1111 1111 1111"

    assert masked(text) == "[e-mail], [e-mail]; [phone] [card]"


@pytest.mark.parametrize("sign", ["0", "4", "a", "a.", "a@", "0 ", "01-", "+1 ", "(0"])
def test_a_megabyte_of_one_sign_is_read_once(sign):
    assert masked(sign * (1_000_000 // len(sign)))


def test_a_hidden_text_tells_its_length_and_a_shown_one_is_masked():
    assert disclosed("a" * 57, show_text=False) == "… 57 characters"
    assert disclosed(["secret"], show_text=False) == "…"
    assert disclosed("write to ann@example.com", show_text=True) == "write to [e-mail]"
    assert disclosed(None, show_text=False) is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m\x07", "[31mred [0m"),
        ("safe\u202eexe.txt\u202c", "safe exe.txt"),
        ("a\nb\tc\x00d\u2028e", "a b c d e"),
        ("lone \ud800 half", "lone half"),
        ("\u05e9\u05dc\u05d5\u05dd \U0001f600 caf\u00e9", "\u05e9\u05dc\u05d5\u05dd \U0001f600 caf\u00e9"),
    ],
)
def test_plain_text_moves_no_screen(text, shown):
    assert plain(text) == shown
