"""What a ticket's own fields say before, or instead of, a model."""

from typing import cast, get_args

from ticket_assets.domain.models import RawTicket, Sentiment, Urgency

URGENCIES: tuple[str, ...] = get_args(Urgency)
SENTIMENTS: tuple[str, ...] = get_args(Sentiment)
SHORT_BODY_WORDS = 20
NO_TEXT = "(no text)"


def explicit_urgency(priority: str | None) -> Urgency | None:
    """The urgency that the producer set, in any case; None where `priority` is absent or another word."""
    word = (priority or "").strip().lower()
    return cast("Urgency", word) if word in URGENCIES else None


def own_summary(ticket: RawTicket) -> str | None:
    """The summary of a ticket too short for a model: its subject, else its body. None: ask the model."""
    if len(ticket.body.split()) >= SHORT_BODY_WORDS:
        return None
    return " ".join(ticket.subject.split()) or " ".join(ticket.body.split()) or NO_TEXT
