"""The rows that assets hand each other, one a ticket.

Each row says which version of the raw object and of the models it was made from, so that rows of different
versions are never joined. A row whose model failed carries the failure in place of a result.
"""

from typing import Any, Self

from pydantic import BaseModel

from ticket_assets.domain.models import Confidence, Embedding, RawTicket, Sentiment, Urgency


class Provenance(BaseModel):
    """What a row was made from: the raw object's version, when it was read, and the models' version.

    `last_modified` is in whole Unix seconds, as an object GET gives it; `read_at` in Unix seconds.
    """

    etag: str
    last_modified: int
    read_at: float
    model_version: str


class Row(Provenance):
    """What every row between assets starts with."""

    ticket_id: str

    @property
    def provenance(self) -> Provenance:
        """The row's own provenance, comparable with another row's."""
        return Provenance(**{name: getattr(self, name) for name in Provenance.model_fields})


class RawRow(RawTicket, Row):
    """A valid raw ticket."""

    @classmethod
    def of(cls, ticket: RawTicket, provenance: Provenance) -> Self:
        """The row of `ticket` as read from the object version that `provenance` names."""
        return cls(**dict(ticket), **dict(provenance))

    @property
    def text(self) -> str:
        """What the models read: subject and body."""
        return f"{self.subject}\n{self.body}".strip()


class ModelRow(Row):
    """A row that a model made; `failure` says why there is no result."""

    failure: str | None = None

    @classmethod
    def of(cls, raw: Row, **values: Any) -> Self:
        """The row of `values` for the ticket and versions of `raw`."""
        return cls(ticket_id=raw.ticket_id, **raw.provenance.model_dump(), **values)


class EmbeddedRow(ModelRow):
    """A ticket's unit vector."""

    embedding: Embedding | None = None


class ClassifiedRow(ModelRow):
    """A ticket's labels, each with its confidence."""

    intent: str | None = None
    intent_confidence: Confidence | None = None
    urgency: Urgency | None = None
    urgency_confidence: Confidence | None = None
    sentiment: Sentiment | None = None
    sentiment_confidence: Confidence | None = None


class SummarizedRow(ModelRow):
    """A ticket's summary."""

    summary: str | None = None
