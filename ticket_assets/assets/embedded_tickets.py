"""A unit vector of 384 components for each ticket's subject and body.

Tickets of near meaning have near vectors (cosine): labels, summaries and the search for similar tickets start here.
A ticket that breaks the model carries the failure in place of a vector.
"""

import dagster as dg

from resources.models.suite import ModelSuite
from ticket_assets.assets.policy import Stopwatch, ticket_asset
from ticket_assets.domain.isolation import Failed, isolate
from ticket_assets.domain.probes import SHORT
from ticket_assets.domain.rows import EmbeddedRow, RawRow
from ticket_assets.domain.vectors import check_unit_vector, is_unit_vector

CHECK = "vectors_are_finite_unit_vectors"


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
    version = models.version
    texts = [row.text for row in raw_tickets]
    outcomes = isolate(lambda batch: list(models.embedder.embed(batch)), texts, SHORT, check_unit_vector)
    rows = [
        EmbeddedRow.of(raw, version, failure=outcome.error)
        if isinstance(outcome, Failed)
        else EmbeddedRow.of(raw, version, embedding=outcome.tolist())
        for raw, outcome in zip(raw_tickets, outcomes, strict=True)
    ]
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


def _vectors_are_unit_vectors(rows: list[EmbeddedRow]) -> dg.AssetCheckResult:
    bad = [row.ticket_id for row in rows if row.embedding is not None and not is_unit_vector(row.embedding)]
    return dg.AssetCheckResult(
        passed=not bad, check_name=CHECK, metadata={"bad_vectors": len(bad), "tickets": bad[:20]}
    )
