"""Bytes and texts of unknown origin, made fit for a terminal: nothing in them moves its cursor or colours it."""

from collections.abc import Iterator

BYTES_A_LINE = 16


def printable(body: bytes, most: int) -> Iterator[str]:
    """Lines that show at most about `most` characters of `body`: as text where it is UTF-8, else as a hex dump."""
    try:
        text = body.decode(errors="strict")
    except UnicodeDecodeError:
        yield from hex_dump(body[: most // 4])  # about four characters a byte
        shown = min(len(body), most // 4)
    else:
        yield from escaped(text[:most]).split("\n")
        shown = len(text[:most].encode())
    if shown < len(body):
        yield f"… {len(body) - shown:,} more bytes"


def escaped(text: str) -> str:
    r"""The text with everything that does not print, but for line ends, as an escape such as \x1b or \u202e."""
    return "".join(c if c == "\n" or c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def hex_dump(body: bytes) -> Iterator[str]:
    """The bytes as lines of offset, 16 bytes in hex, and those that are ASCII as they are."""
    for start in range(0, len(body), BYTES_A_LINE):
        part = body[start : start + BYTES_A_LINE]
        text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in part)  # noqa: PLR2004 - printable ASCII
        yield f"{start:08x}  {part.hex(' '):<47}  {text}"
