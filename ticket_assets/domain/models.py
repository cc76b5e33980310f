"""The contracts: a raw ticket as producers write it, and the enriched record as readers find it.

Nothing here may change without every producer and reader: these are the project's public schemas.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, FailFast, Field, StrictInt, StrictStr

EMBEDDING_DIMENSION = 384

Urgency = Literal["critical", "high", "medium", "low"]
Sentiment = Literal["POSITIVE", "NEGATIVE", "NEUTRAL"]
Confidence = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Embedding = Annotated[list[float], Field(min_length=EMBEDDING_DIMENSION, max_length=EMBEDDING_DIMENSION)]
TicketId = Annotated[StrictStr, Field(pattern=r"\A[A-Za-z0-9._-]{1,128}\z")]
# Under 1e11 a number of milliseconds is refused: as seconds it would lie after the year 5138.
# Of a priority only a text can mean something; any other value counts as absent and costs no ticket.
Priority = Annotated[str | None, BeforeValidator(lambda value: value if isinstance(value, str) else None)]
UnixSeconds = Annotated[StrictInt, Field(ge=0, lt=100_000_000_000)]


class Contract(BaseModel):
    """Unknown fields are ignored, so that producers may add some before we know them."""

    model_config = ConfigDict(extra="ignore")


class TicketMetadata(Contract):
    """Where a ticket came from."""

    source: StrictStr = "unknown"
    language: StrictStr = "en"
    # FailFast: an object of many wrong tags must not become a hundred thousand errors.
    tags: Annotated[list[StrictStr], FailFast()] = []


class RawTicket(Contract):
    """A ticket as its producer wrote it. `created_at` is in whole Unix seconds."""

    ticket_id: TicketId = Field(description="Also the object's key, with .json behind it.")
    subject: StrictStr = Field(description="The ticket's first line.")
    body: StrictStr = Field(description="What the customer wrote.")
    created_at: UnixSeconds = Field(description="When the ticket was opened, in whole Unix seconds.")
    customer_id: StrictStr = Field(description="Who wrote it.")
    priority: Priority = Field(default=None, description="What the producer set; most set none.")
    metadata: TicketMetadata = Field(default=TicketMetadata(), description="Source, language and tags.")


class EnrichmentData(Contract):
    """What the models say of a ticket; `processed_at` is ISO 8601 in UTC, ending in Z."""

    embedding: Embedding
    intent: str
    intent_confidence: Confidence
    urgency: Urgency
    urgency_confidence: Confidence
    sentiment: Sentiment
    sentiment_confidence: Confidence
    summary: str
    processed_at: str
    model_version: str


class EnrichedTicket(RawTicket):
    """The full record, as `<ticket_id>.json` in the enriched bucket."""

    enrichment: EnrichmentData


class TicketItem(Contract):
    """The record's queryable part, an item of the table: everything a list view shows, never the vector."""

    ticket_id: str
    created_at: int
    subject: str
    customer_id: str | None
    priority: str | None
    source: str
    language: str
    intent: str
    intent_confidence: Confidence
    urgency: Urgency
    urgency_confidence: Confidence
    sentiment: Sentiment
    sentiment_confidence: Confidence
    summary: str
    processed_at: str
    model_version: str
    batch: str
    s3_key: str
