"""Erasure: what a forgotten ticket leaves behind, and how its traces are told from those of others. Pure."""

import json
import re
from itertools import chain
from typing import NamedTuple
from urllib.parse import quote_plus

from pydantic import BaseModel, TypeAdapter, ValidationError

from ticket_assets.domain.fields import objects_in, outermost, written
from ticket_assets.domain.intake import Rejected, object_key, whole
from ticket_assets.domain.models import TicketId
from ticket_assets.domain.quarantine import Reason

NAMES = ("ticket_id", "customer_id")
WORD = re.compile(r"[A-Za-z0-9._-]+")
ESCAPE = re.compile(r"\\+(?:[bfnrt]|u[0-9a-fA-F]{4})")
TICKET_ID = TypeAdapter(TicketId)


class Tombstone(BaseModel):
    """All that is kept of a forgotten ticket, in place of its record and of its item; the time is ISO 8601 in UTC."""

    ticket_id: str
    forgotten_at: str


class Wanted(NamedTuple):
    """Whose traces are looked for: tickets by their objects' keys, and a customer's, where one is named."""

    keys: frozenset[str]
    customer: str | None = None

    @property
    def ids(self) -> set[str]:
        """The tickets' ids."""
        return {key.removesuffix(".json") for key in self.keys}

    def owns(self, body: bytes) -> bool:
        """Whether a raw object's bytes, valid or not, say that it is one of these tickets or this customer's.

        Of JSON the outermost fields count, wherever they are: another's ticket may hold such a field in its text.
        """
        try:
            told = json.loads(body)  # of bytes, it finds out by itself which of Unicode's encodings they are in
        except (ValueError, RecursionError):
            encodings = {json.detect_encoding(body), "utf-8", "cp1252"}
            return any(self.claimed_in(body.decode(encoding, errors="replace")) for encoding in encodings)
        return any(self._claims(name, value) for name in NAMES for value in outermost(told, name))

    def claimed_in(self, text: str) -> bool:
        """Whether a JSON field anywhere in `text` names one of them; in texts within it too, and in what is no JSON."""
        made = (field for each in objects_in(text) for field in each.items())
        return any(self._claims(name, value) for name, value in chain(written(text, NAMES), made))

    def keyed_in(self, text: str) -> bool:
        """Whether `text` names one of the objects by its key, as S3's events do."""
        odd = (key for key in self.keys if not WORD.fullmatch(key))
        return not self.keys.isdisjoint(_words(text)) or any(
            key in text or quote_plus(key, safe="/") in text for key in odd
        )

    def mentioned_in(self, text: str) -> bool:
        """Whether `text` speaks of one of them in any way, as an error's message may."""
        words = {word.rstrip(".") for word in _words(text)}
        return not words.isdisjoint(self.ids) or self.keyed_in(text) or bool(self.customer and self.customer in text)

    def columns(self) -> dict[str, set[str]]:
        """By which texts of which columns a row is theirs."""
        return {
            "ticket_id": self.ids,
            "key": set(self.keys),
            "customer_id": set() if self.customer is None else {self.customer},
        }

    def _claims(self, name: str, value: object) -> bool:
        if not isinstance(value, str | int | float):
            return False
        # Some tools make a number of an id, and some of those 77.0 of 77.
        text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
        if name == "ticket_id":
            return object_key(text) in self.keys
        return name == "customer_id" and text == self.customer


def is_ticket_id(text: str) -> bool:
    """Whether a ticket may have this id."""
    try:
        TICKET_ID.validate_python(text)
    except ValidationError:
        return False
    return True


def forgotten(key: str, at: str) -> Rejected:
    """The outcome for an object of a ticket that was forgotten: its bytes are not even read."""
    name = key.removesuffix(".json")
    remedy = f"`tickets forget {name}` removes this version too, `tickets forget --lift {name}` lets it in again"
    return Rejected(Reason.FORGOTTEN, [whole(f"the ticket was forgotten at {at}: {remedy}")])


def _words(text: str) -> set[str]:
    return set(WORD.findall(ESCAPE.sub(" ", text)))
