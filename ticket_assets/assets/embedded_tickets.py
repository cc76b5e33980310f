"""A unit vector of 384 components for each ticket's subject and body.

Tickets of near meaning have near vectors (cosine): labels, summaries and the search for similar tickets start here.
A ticket that breaks the model carries the failure in place of a vector.
"""

from collections.abc import Sequence

import dagster as dg

from resources.models.suite import ModelSuite
from ticket_assets.assets.policy import Stopwatch, ticket_asset
from ticket_assets.domain.isolation import Failed, isolate
from ticket_assets.domain.probes import SHORT
from ticket_assets.domain.rows import EmbeddedRow, RawRow
from ticket_assets.domain.vectors import check_unit_vector, is_unit_vector

CHECK = "vectors_are_finite_unit_vectors"
REMEDY = (
    "The embedder is not what it should be: `tickets models info` shows its files, `tickets models prepare` makes them "
    "anew. Then re-execute this run from the start."
)


@ticket_asset(
    kinds={"ctranslate2", "parquet"},
    io_manager_key="rows_io",
    code_version="1",
    dagster_type=list[EmbeddedRow],
    check_specs=[
        dg.AssetCheckSpec(
            CHECK, asset="embedded_tickets", description="Every vector has 384 finite components and length 1."
        )
    ],
)
def embedded_tickets(models: ModelSuite, raw_tickets: list[RawRow]) -> dg.MaterializeResult:
    watch = Stopwatch()
    rows = embed(models, raw_tickets)
    return dg.MaterializeResult(
        value=rows,
        check_results=[_vectors_are_unit_vectors(rows)],
        metadata={
            "tickets": len(rows),
            "failed": sum(row.failure is not None for row in rows),
            "milliseconds_per_ticket": watch.per_ticket(len(rows)),
            "embedder": models.embedder.version,
        },
    )


def embed(models: ModelSuite, raw: Sequence[RawRow]) -> list[EmbeddedRow]:
    """One row a ticket, in the order of `raw`; a ticket that breaks the model has no vector but its failure."""
    version = models.version
    texts = [row.text for row in raw]
    outcomes = isolate(lambda batch: list(models.embedder.embed(batch)), texts, SHORT, check_unit_vector)
    return [
        EmbeddedRow.of(row, version, failure=outcome.error)
        if isinstance(outcome, Failed)
        else EmbeddedRow.of(row, version, embedding=outcome.tolist())
        for row, outcome in zip(raw, outcomes, strict=True)
    ]


def _vectors_are_unit_vectors(rows: list[EmbeddedRow]) -> dg.AssetCheckResult:
    bad = [row.ticket_id for row in rows if row.embedding is not None and not is_unit_vector(row.embedding)]
    return dg.AssetCheckResult(
        passed=not bad,
        check_name=CHECK,
        description=REMEDY if bad else None,
        metadata={"bad_vectors": len(bad), "tickets": bad[:20]},
    )
