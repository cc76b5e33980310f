"""Which rows of the search index are meant, as its SQL has it."""

from resources.lance_client import quoted
from ticket_assets.domain.search import CUSTOMER, Filters


def passing(filters: Filters) -> str:
    """What the filters ask for; empty where they leave everything open."""
    equal = {
        "urgency": filters.urgency,
        "intent": filters.intent,
        "sentiment": filters.sentiment,
        CUSTOMER: filters.customer,
    }
    conditions = [f"{name} = {quoted(value)}" for name, value in equal.items() if value is not None]
    if filters.since is not None:
        conditions.append(f"created_at >= {filters.since}")
    return " AND ".join(conditions)


def opened(since: int, until: int) -> str:
    """Tickets that were opened in these Unix seconds, the last one included."""
    return f"created_at >= {since:d} AND created_at <= {until:d}"
