"""The table's item of an enriched ticket, within the limits that DynamoDB sets."""

from ticket_assets.domain.intake import object_key
from ticket_assets.domain.models import EnrichedTicket, TicketItem

# An item holds at most 400 KB and an index key 2,048 bytes; a ticket's texts may be longer. The record has them whole.
MAX_TEXT = 1_000
MAX_INDEX_KEY_BYTES = 2_048


def table_item(ticket: EnrichedTicket, batch: str) -> TicketItem:
    """The queryable part of `ticket`; long texts are cut, a customer_id that no index can hold is left out."""
    return TicketItem(
        ticket_id=ticket.ticket_id,
        created_at=ticket.created_at,
        subject=clipped(ticket.subject),
        customer_id=ticket.customer_id if is_index_key(ticket.customer_id) else None,
        priority=None if ticket.priority is None else clipped(ticket.priority),
        source=clipped(ticket.metadata.source),
        language=clipped(ticket.metadata.language),
        summary=clipped(ticket.enrichment.summary),
        batch=batch,
        s3_key=object_key(ticket.ticket_id),
        **ticket.enrichment.model_dump(exclude={"embedding", "summary"}),
    )


def is_index_key(text: str) -> bool:
    """Whether an index can hold `text` as a key."""
    try:
        return 0 < len(text.encode()) <= MAX_INDEX_KEY_BYTES
    except UnicodeEncodeError:  # half a surrogate pair, as a shell makes of bytes that are no UTF-8
        return False


def clipped(text: str, limit: int = MAX_TEXT) -> str:
    """`text`, cut to `limit` characters, with an ellipsis where something was cut off."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
