"""A short summary of each ticket. A body under 20 words is summarized by its subject."""

from collections.abc import Sequence

import dagster as dg

from resources.models.suite import ModelSuite
from ticket_assets.assets.policy import Stopwatch, ticket_asset
from ticket_assets.domain.classification import own_summary
from ticket_assets.domain.isolation import Failed, isolate
from ticket_assets.domain.probes import LONG
from ticket_assets.domain.rows import RawRow, SummarizedRow


@ticket_asset(
    kinds={"ctranslate2", "parquet"}, io_manager_key="rows_io", code_version="1", dagster_type=list[SummarizedRow]
)
def summarized_tickets(models: ModelSuite, raw_tickets: list[RawRow]) -> dg.MaterializeResult:
    watch = Stopwatch()
    rows = summarize(models, raw_tickets)
    words = [len(row.summary.split()) for row in rows if row.summary]
    return dg.MaterializeResult(
        value=rows,
        metadata={
            "tickets": len(rows),
            "failed": sum(row.failure is not None for row in rows),
            "milliseconds_per_ticket": watch.per_ticket(len(rows)),
            "words_per_summary": round(sum(words) / max(1, len(words)), 1),
            "summarizer": models.summarizer.version,
        },
    )


def summarize(models: ModelSuite, raw: Sequence[RawRow]) -> list[SummarizedRow]:
    """One row a ticket, in order; the model sees only the tickets whose own subject does not do."""
    own = [own_summary(row) for row in raw]
    texts = [(row.body, row.text) for row, summary in zip(raw, own, strict=True) if summary is None]
    outcomes = iter(isolate(lambda batch: infer_summaries(models, batch), texts, (LONG, LONG), _check_not_blank))
    version = models.version
    return [_row(row, version, summary or next(outcomes)) for row, summary in zip(raw, own, strict=True)]


def infer_summaries(models: ModelSuite, items: Sequence[tuple[str, str]]) -> list[str]:
    """The model's summaries of (body, body with subject) pairs, in order."""
    return models.summarizer.summarize([body for body, _ in items], [text for _, text in items])


def _check_not_blank(summary: str) -> None:
    if not summary.strip():
        raise ValueError("an empty summary")


def _row(raw: RawRow, version: str, outcome: str | Failed) -> SummarizedRow:
    if isinstance(outcome, Failed):
        return SummarizedRow.of(raw, version, failure=outcome.error)
    return SummarizedRow.of(raw, version, summary=" ".join(outcome.split()))
