"""Entries of quarantine as a terminal and a script read them."""

from collections.abc import Iterator
from datetime import UTC, datetime

from rich.text import Text

from ticket_assets.domain.batches import iso
from ticket_assets.domain.quarantine import MessageEntry, QuarantineEntry, Receives, one_line, without_texts
from ticket_assets.stores.quarantine import Held
from tickets_cli.quarantine_desk import NO_ORIGINAL
from tickets_cli.safe_text import escaped, printable

MOST_SHOWN = 64 * 1024  # characters of an original; `--raw` writes all


def entry_id(held: Held) -> str:
    """What `show`, `replay` and `drop` know the entry by: the object's key or the message's id."""
    return held.entry.key if isinstance(held.entry, QuarantineEntry) else held.entry.message_id


def as_json(held: Held) -> dict:
    """The entry with its id and without texts, as `--json` prints it."""
    return {"id": entry_id(held), **without_texts(held.entry).model_dump()}


def two_lines(held: Held) -> Iterator[Text]:
    """Id, reason, time and batch; below them what is wrong, without texts."""
    entry = without_texts(held.entry)
    batch = f"  {entry.batch}" if isinstance(entry, QuarantineEntry) and entry.batch else ""
    yield Text.assemble((_line(entry_id(held)), "bold"), "  ", (entry.reason.value, "yellow"), f"  {entry.at}{batch}")
    yield Text(f"  {_line(one_line(entry.errors))}", style="dim")


def described(held: Held, original: bytes | None) -> Iterator[Text]:
    """Everything that the entry says, then the original."""
    entry = held.entry
    yield Text.assemble((_line(entry_id(held)), "bold"), "  ", (entry.reason.value, "yellow"))
    for error in entry.errors:
        yield Text(f"  {_line(one_line([error]))}")
    for name, value in _facts(held):
        yield Text.assemble((f"  {name}: ", "dim"), _line(value))
    yield Text("original:" if original is not None else f"original: {NO_ORIGINAL}", style="dim")
    yield from map(Text, printable(original, MOST_SHOWN) if original is not None else ())


def _facts(held: Held) -> Iterator[tuple[str, str]]:
    entry = held.entry
    yield "quarantined", entry.at
    if isinstance(entry, MessageEntry):
        yield from _history(entry.receives)
        return
    yield "batch", entry.batch or "none"
    yield "read", iso(datetime.fromtimestamp(entry.read_at, UTC))
    if entry.etag:
        yield "etag", entry.etag
        yield "last modified", iso(datetime.fromtimestamp(entry.last_modified, UTC))
    if entry.message:
        yield "message", entry.message.message_id
        yield from _history(entry.message.receives)
        yield "message body", entry.message.body


def _history(receives: Receives | None) -> Iterator[tuple[str, str]]:
    if receives:
        yield "received", f"{receives.count} times"
        yield from (
            (name, told)
            for name, told in (
                ("sent", receives.sent_at),
                ("first received", receives.first_received_at),
                ("from queue", receives.source),
            )
            if told
        )


def _line(text: str) -> str:
    return escaped(text).replace("\n", "\\n")
