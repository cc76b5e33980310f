"""The one place where a ticket's parts meet: all of one version, or none."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeVar

from ticket_assets.domain.intake import object_key
from ticket_assets.domain.models import EnrichedTicket, EnrichmentData, RawTicket
from ticket_assets.domain.quarantine import FieldError, Reason, Rejection
from ticket_assets.domain.rows import ClassifiedRow, EmbeddedRow, ModelRow, Provenance, RawRow, SummarizedRow

Made = TypeVar("Made", bound=ModelRow)


class MixedVersions(RuntimeError):
    """Rows of one ticket were made from different objects or models: the batch must be run again from its start."""


class Enriched(NamedTuple):
    """A whole record and the versions it was made from."""

    ticket: EnrichedTicket
    provenance: Provenance
    needs_review: str | None = None


def join(
    raw: Sequence[RawRow],
    embedded: Sequence[EmbeddedRow],
    classified: Sequence[ClassifiedRow],
    summarized: Sequence[SummarizedRow],
    processed_at: str,
) -> tuple[list[Enriched], list[Rejection]]:
    """The whole records, and a rejection for each ticket that broke a model, in the order of `raw`.

    Raises MixedVersions where a ticket's rows disagree on their provenance or one is missing.
    """
    by_id = [{row.ticket_id: row for row in rows} for rows in (embedded, classified, summarized)]
    records, rejections = [], []
    for ticket in raw:
        parts = [_same_version(ticket, rows) for rows in by_id]
        failures = [
            FieldError(field=type(p).__name__.removesuffix("Row"), message=p.failure) for p in parts if p.failure
        ]
        if failures:
            rejections.append(_broke_a_model(ticket, failures))
        else:
            doubts = next((part.needs_review for part in parts if isinstance(part, ClassifiedRow)), None)
            whole = _record(ticket, parts, processed_at)
            records.append(Enriched(whole, ticket.provenance, doubts))
    return records, rejections


def _same_version(ticket: RawRow, rows: dict[str, Made]) -> Made:
    row = rows.get(ticket.ticket_id)
    if row is None:
        raise MixedVersions(f"ticket {ticket.ticket_id} has no row upstream: run the whole batch again")
    if row.provenance != ticket.provenance:
        raise MixedVersions(
            f"ticket {ticket.ticket_id}: {type(row).__name__} was made from {row.provenance}, "
            f"the raw row from {ticket.provenance}: run the whole batch again"
        )
    return row


def _record(ticket: RawRow, parts: Iterable[ModelRow], processed_at: str) -> EnrichedTicket:
    made = {name: value for part in parts for name, value in dict(part).items() if name in EnrichmentData.model_fields}
    enrichment = EnrichmentData(**{**made, "processed_at": processed_at, "model_version": ticket.model_version})
    return EnrichedTicket(**{name: getattr(ticket, name) for name in RawTicket.model_fields}, enrichment=enrichment)


def _broke_a_model(ticket: RawRow, failures: list[FieldError]) -> Rejection:
    return Rejection(
        key=object_key(ticket.ticket_id),
        reason=Reason.MODEL_FAILURE,
        errors=failures,
        etag=ticket.etag,
        last_modified=ticket.last_modified,
        read_at=ticket.read_at,
    )
