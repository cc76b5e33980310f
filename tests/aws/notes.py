"""Records for tests that ask for none of a ticket's fields."""

from typing import Any

from pydantic import BaseModel

from resources.ordering import Record, Stamp


class Note(BaseModel):
    text: str


NOTES_TYPE: Any = list[Record[Note]]


def note(age: Stamp, key: str = "T-1.json", **labels: str) -> Record[Note]:
    """A record whose text says how old it is."""
    return Record[Note](
        key=key, source=key, stamp=age, labels=labels, body=Note(text=f"{age.last_modified}, {age.etag}")
    )
