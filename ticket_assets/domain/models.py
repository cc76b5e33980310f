"""The contracts: a raw ticket as producers write it, and the enriched record as readers find it.

Nothing here may change without every producer and reader: these are the project's public schemas.
"""

from typing import Annotated, Any, Literal

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
# What a customer or a producer wrote freely, or what was made of it: hidden in previews unless TICKETS_SHOW_TEXT.
SENSITIVE: Any = {"sensitive": True}


class Contract(BaseModel):
    """Unknown fields are ignored, so that producers may add some before we know them.

    No error quotes what was written: errors go to logs.
    """

    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)


class TicketMetadata(Contract):
    """Where a ticket came from."""

    source: StrictStr = Field(default="unknown", json_schema_extra=SENSITIVE)
    language: StrictStr = Field(default="en", json_schema_extra=SENSITIVE)
    # FailFast: an object of many wrong tags must not become a hundred thousand errors.
    tags: Annotated[list[StrictStr], FailFast()] = Field(default=[], json_schema_extra=SENSITIVE)


class RawTicket(Contract):
    """A ticket as its producer wrote it. `created_at` is in whole Unix seconds."""

    ticket_id: TicketId = Field(description="Also the object's key, with .json behind it.")
    subject: StrictStr = Field(description="The ticket's first line.", json_schema_extra=SENSITIVE)
    body: StrictStr = Field(description="What the customer wrote.", json_schema_extra=SENSITIVE)
    created_at: UnixSeconds = Field(description="When the ticket was opened, in whole Unix seconds.")
    customer_id: StrictStr = Field(description="Who wrote it.", json_schema_extra=SENSITIVE)
    priority: Priority = Field(
        default=None, description="What the producer set; most set none.", json_schema_extra=SENSITIVE
    )
    metadata: TicketMetadata = Field(
        default=TicketMetadata(), description="Source, language and tags.", json_schema_extra=SENSITIVE
    )


class EnrichmentData(Contract):
    """What the models say of a ticket; `processed_at` is ISO 8601 in UTC, ending in Z."""

    embedding: Embedding
    intent: str
    intent_confidence: Confidence
    urgency: Urgency
    urgency_confidence: Confidence
    sentiment: Sentiment
    sentiment_confidence: Confidence
    summary: str = Field(json_schema_extra=SENSITIVE)
    processed_at: str
    model_version: str


class EnrichedTicket(RawTicket):
    """The full record, as `<ticket_id>.json` in the enriched bucket."""

    enrichment: EnrichmentData


class TicketItem(Contract):
    """The record's queryable part, an item of the table: everything a list view shows, never the vector."""

    ticket_id: str
    created_at: int
    subject: str = Field(json_schema_extra=SENSITIVE)
    customer_id: str | None = Field(json_schema_extra=SENSITIVE)
    priority: str | None = Field(json_schema_extra=SENSITIVE)
    source: str = Field(json_schema_extra=SENSITIVE)
    language: str = Field(json_schema_extra=SENSITIVE)
    intent: str
    intent_confidence: Confidence
    urgency: Urgency
    urgency_confidence: Confidence
    sentiment: Sentiment
    sentiment_confidence: Confidence
    summary: str = Field(json_schema_extra=SENSITIVE)
    processed_at: str
    model_version: str
    batch: str
    s3_key: str
