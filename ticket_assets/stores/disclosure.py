"""What of a ticket a screen may show, from whichever store it comes. Loads neither boto3 nor Dagster."""

from typing import Any

from resources.display import disclosed, is_sensitive
from ticket_assets.domain.models import RawTicket, TicketItem

SENSITIVE = {
    *(name for name, field in TicketItem.model_fields.items() if is_sensitive(field)),
    *(name for name, field in RawTicket.model_fields.items() if is_sensitive(field)),
}


def shown(item: dict[str, Any], *, show_text: bool) -> dict[str, Any]:
    """The item as a screen may show it: texts as TICKETS_SHOW_TEXT says."""
    return {name: disclosed(v, show_text=show_text) if name in SENSITIVE else v for name, v in item.items()}
