"""The full record of each ticket, one JSON object in the enriched bucket: the ticket, its vector, labels and summary.

All parts are of one version of the ticket and of the models, or the run fails and is run again. A newer record is
never replaced by an older one. Tickets that broke a model go to quarantine here.
"""

from datetime import UTC, datetime
from functools import partial

import dagster as dg

from resources.display import disclosed
from resources.fencing import run_start
from resources.object_store import S3ObjectStore
from resources.ordering import Record, Stamp
from resources.parquet import markdown_table
from ticket_assets.assets.policy import Stopwatch, ticket_asset
from ticket_assets.assets.reading import quarantine
from ticket_assets.domain.batches import iso
from ticket_assets.domain.doubts import REVIEW
from ticket_assets.domain.intake import object_key
from ticket_assets.domain.join import Enriched, join
from ticket_assets.domain.models import EnrichedTicket
from ticket_assets.domain.rows import ClassifiedRow, EmbeddedRow, RawRow, SummarizedRow
from ticket_assets.stores.originals import current_bytes
from ticket_assets.stores.quarantine import Quarantine

PREVIEWED, WIDTH = 5, 200
LABELS = ("intent", "urgency", "sentiment")


@ticket_asset(
    kinds={"s3", "json"}, io_manager_key="records_io", code_version="1", dagster_type=list[Record[EnrichedTicket]]
)
def enriched_tickets(
    context: dg.AssetExecutionContext,
    raw_store: S3ObjectStore,
    pipeline_store: S3ObjectStore,
    record_store: S3ObjectStore,
    show_text: dg.ResourceParam[bool],
    raw_tickets: list[RawRow],
    embedded_tickets: list[EmbeddedRow],
    classified_tickets: list[ClassifiedRow],
    summarized_tickets: list[SummarizedRow],
) -> dg.MaterializeResult:
    watch = Stopwatch()
    now = iso(datetime.now(UTC))
    whole, broken = join(raw_tickets, embedded_tickets, classified_tickets, summarized_tickets, now)
    quarantine(
        Quarantine(pipeline_store, record_store), broken, context.partition_key, partial(current_bytes, raw_store)
    )
    began = run_start(context.instance, context.run.run_id)
    return dg.MaterializeResult(
        value=[record(enriched, context.partition_key, began) for enriched in whole],
        metadata={
            "tickets": len(whole),
            "quarantined": len(broken),
            "milliseconds_per_ticket": watch.per_ticket(len(whole)),
            "preview": preview([enriched.ticket for enriched in whole[:PREVIEWED]], show_text=show_text),
        },
    )


def record(enriched: Enriched, batch: str, began: float) -> Record[EnrichedTicket]:
    """The record to be kept, with the stamp that orders it among the ticket's other versions."""
    key, made = object_key(enriched.ticket.ticket_id), enriched.provenance
    stamp = Stamp(last_modified=made.last_modified, read_at=made.read_at, run_start=began, etag=made.etag)
    labels = {"batch": batch, **({REVIEW: enriched.needs_review} if enriched.needs_review else {})}
    return Record[EnrichedTicket](key=key, source=key, stamp=stamp, labels=labels, body=enriched.ticket)


def preview(tickets: list[EnrichedTicket], *, show_text: bool) -> dg.MetadataValue:
    """A few tickets as Markdown, their texts hidden, or masked where `show_text`."""
    rows = []
    for ticket in tickets:
        made = ticket.enrichment
        labels = [f"{getattr(made, name)} {getattr(made, f'{name}_confidence'):.2f}" for name in LABELS]
        subject, summary = (disclosed(text, show_text=show_text) for text in (ticket.subject, made.summary))
        rows.append([ticket.ticket_id, subject, *labels, summary])
    return markdown_table(["ticket", "subject", *LABELS, "summary"], rows, WIDTH)
