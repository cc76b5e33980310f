"""What strangers wrote, made fit to be shown: without signs that move a screen, hidden, or with its numbers masked.

Masked are e-mail addresses, card numbers (with a valid check digit) and phone numbers as people write them: with a
plus, a leading zero, or in the groups of North America. Ten bare digits may as well be an order and are left.
"""

import re

from pydantic.fields import FieldInfo

# Nothing here goes back over what it has read: a text may be a megabyte of one sign.
EMAIL = re.compile(r"(?<![\w.%+'-])[\w.%+'-]++@[\w-]++(?:\.[\w-]++)+")
CARD = re.compile(
    r"(?<![\w.-])(?:[2-6]\d{12,18}|[2-6]\d{3}(?:[ -]\d{4}){3}(?:[ -]\d{3})?|3\d{3}[ -]\d{6}[ -]\d{4,5})(?![\w-])"
)
DATE = r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}"
PHONE = re.compile(
    rf"""(?<![\w./:-])(?!{DATE})(?:
      \+\d{{1,3}}(?:[ ./()-]{{0,2}}\d){{7,12}}        # +49 (171) 1234567
    | \(?0\d{{1,4}}+\)?(?:[ /-]?\(?\d{{2,12}}+\)?){{1,5}}  # 0171/123 45 67
    | (?:1[ .-])?(?:\(\d{{3}}\)[ ]?|\d{{3}}[ .-])\d{{3}}[ .-]\d{{4}}  # (555) 123-4567
    )(?![\w-]|[.:]\d)""",
    re.VERBOSE,
)
PHONE_DIGITS = range(8, 16)


def plain(text: str) -> str:
    """One line without control signs, such as those that colour a terminal or turn the direction of what follows."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def masked(text: str) -> str:
    """`text` with [e-mail], [card] and [phone] in place of what it holds of them."""
    text = EMAIL.sub("[e-mail]", text)
    text = CARD.sub(lambda found: "[card]" if _passes_luhn(_digits(found[0])) else found[0], text)
    return PHONE.sub(lambda found: "[phone]" if len(_digits(found[0])) in PHONE_DIGITS else found[0], text)


def disclosed(value: object, *, show_text: bool) -> object:
    """A sensitive value for a preview: its length alone, or masked where `show_text` says that it may be seen."""
    if value is None:
        return None
    if show_text:
        return masked(str(value))
    return f"… {len(value)} characters" if isinstance(value, str) else "…"


def is_sensitive(field: FieldInfo) -> bool:
    """Whether a model's field is marked with `json_schema_extra={"sensitive": True}`."""
    return isinstance(field.json_schema_extra, dict) and field.json_schema_extra.get("sensitive") is True


def _digits(text: str) -> str:
    return "".join(filter(str.isdecimal, text))


def _passes_luhn(digits: str) -> bool:
    """ISO/IEC 7812-1: every second digit from the right doubled, the digits' sum divisible by ten."""
    doubled = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(digits))]
    return sum(n - 9 if n > 9 else n for n in doubled) % 10 == 0  # noqa: PLR2004 - a digit
