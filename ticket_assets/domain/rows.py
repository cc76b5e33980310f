"""The rows that assets hand each other, one a ticket.

Each row says which version of the raw object and of the models it was made from, so that rows of different
versions are never joined. A row whose model failed carries the failure in place of a result.
"""

from typing import Any, Self

from pydantic import Field

from ticket_assets.domain.models import SENSITIVE, Confidence, Contract, Embedding, RawTicket, Sentiment, Urgency


class Provenance(Contract):
    """What a row was made from: the raw object's version, when it was read, and the models' version."""

    etag: str = Field(description="The raw object's version.")
    last_modified: int = Field(description="When it was written, in whole Unix seconds as a GET gives it.")
    read_at: float = Field(description="When this batch read it, in Unix seconds.")
    model_version: str = Field(description="Profile, weights and label files that the run used.")


class Row(Provenance):
    """What every row between assets starts with."""

    ticket_id: str = Field(description="The ticket.")

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

    failure: str | None = Field(
        default=None, description="Why there is no result, in the model's words.", json_schema_extra=SENSITIVE
    )

    @classmethod
    def of(cls, raw: Row, model_version: str, **values: Any) -> Self:
        """The row of `values` that models of this version made of the ticket as `raw` has it."""
        provenance = {**raw.provenance.model_dump(), "model_version": model_version}
        return cls(ticket_id=raw.ticket_id, **provenance, **values)


class EmbeddedRow(ModelRow):
    """A ticket's unit vector."""

    embedding: Embedding | None = Field(default=None, description="Unit vector of subject and body.")


class ClassifiedRow(ModelRow):
    """A ticket's labels, each with its confidence."""

    intent: str | None = Field(default=None, description="What the customer wants.")
    intent_confidence: Confidence | None = Field(default=None, description="Probability of the intent.")
    urgency: Urgency | None = Field(default=None, description="How soon somebody must act.")
    urgency_confidence: Confidence | None = Field(default=None, description="1 where the producer set a priority.")
    sentiment: Sentiment | None = Field(default=None, description="The customer's mood.")
    sentiment_confidence: Confidence | None = Field(default=None, description="Probability of the sentiment.")
    needs_review: str | None = Field(default=None, description="What a person should look at, gravest first.")


class SummarizedRow(ModelRow):
    """A ticket's summary."""

    summary: str | None = Field(
        default=None,
        description="At most 50 tokens, or the subject of a short ticket.",
        json_schema_extra=SENSITIVE,
    )
