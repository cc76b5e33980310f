from typing import Any

import pytest

from tests.support import ENRICHMENT, TICKET, UNIT_VECTOR, provenance
from ticket_assets.domain.join import MixedVersions, join
from ticket_assets.domain.models import RawTicket
from ticket_assets.domain.quarantine import FieldError, Reason
from ticket_assets.domain.rows import ClassifiedRow, EmbeddedRow, Provenance, RawRow, SummarizedRow

LABELS = {
    name: ENRICHMENT[name]
    for name in (
        "intent", "intent_confidence", "urgency", "urgency_confidence", "sentiment", "sentiment_confidence",
    )
}  # fmt: skip
NOW = "2026-01-02T03:04:05Z"


def rows(ticket_id: str = "T-1", made: Provenance | None = None) -> dict[str, Any]:
    raw = RawRow.of(RawTicket.model_validate({**TICKET, "ticket_id": ticket_id}), made or provenance())
    return {
        "raw": raw,
        "embedded": EmbeddedRow.of(raw, raw.model_version, embedding=UNIT_VECTOR),
        "classified": ClassifiedRow.of(raw, raw.model_version, **LABELS),
        "summarized": SummarizedRow.of(raw, raw.model_version, summary=f"summary of {ticket_id}"),
    }


def joined(*tickets: dict[str, Any]):
    columns = {name: [ticket[name] for ticket in tickets] for name in ("raw", "embedded", "classified", "summarized")}
    # Assets may keep their rows in any order.
    columns["classified"].reverse()
    return join(**columns, processed_at=NOW)


def test_a_tickets_parts_become_one_record():
    (whole,), rejections = joined(rows())

    assert rejections == []
    assert whole.provenance == provenance()
    assert whole.ticket.subject == "Cannot log in"
    assert whole.ticket.enrichment.model_dump() == {
        **ENRICHMENT, "summary": "summary of T-1", "processed_at": NOW, "model_version": "v1",
    }  # fmt: skip


def test_rows_meet_by_ticket_and_not_by_position():
    whole, _ = joined(rows("T-1"), rows("T-2"), rows("T-3"))

    made = [(record.ticket.ticket_id, record.ticket.enrichment.summary) for record in whole]
    assert made == [(name, f"summary of {name}") for name in ("T-1", "T-2", "T-3")]


@pytest.mark.parametrize("part", ["embedded", "classified", "summarized"])
@pytest.mark.parametrize(
    "other", [{"etag": "e2"}, {"last_modified": 101}, {"read_at": 102.5}, {"model_version": "v2"}], ids=str
)
def test_rows_of_different_versions_are_never_joined(part, other):
    ticket = rows()
    ticket[part] = rows(made=provenance(**other))[part]

    with pytest.raises(MixedVersions, match="T-1"):
        joined(ticket)


@pytest.mark.parametrize("part", ["embedded", "classified", "summarized"])
def test_a_ticket_without_a_row_upstream_is_not_left_out_in_silence(part):
    ticket = rows()
    ticket[part] = rows("T-9")[part]

    with pytest.raises(MixedVersions, match="T-1"):
        joined(ticket)


def test_a_ticket_that_broke_a_model_is_rejected_and_its_neighbours_are_whole():
    broken = rows("T-1")
    broken["summarized"] = SummarizedRow.of(broken["raw"], broken["raw"].model_version, failure="ValueError: boom")

    whole, (rejection,) = joined(broken, rows("T-2"))

    assert [record.ticket.ticket_id for record in whole] == ["T-2"]
    assert (rejection.key, rejection.reason) == ("T-1.json", Reason.MODEL_FAILURE)
    assert rejection.errors == [FieldError(field="Summarized", message="ValueError: boom")]
    assert (rejection.etag, rejection.last_modified, rejection.read_at) == ("e1", 100, 101.5)


def test_each_model_that_a_ticket_broke_is_named():
    broken = rows()
    broken["embedded"] = EmbeddedRow.of(broken["raw"], broken["raw"].model_version, failure="a")
    broken["classified"] = ClassifiedRow.of(broken["raw"], broken["raw"].model_version, failure="b")

    _, (rejection,) = joined(broken)

    assert [error.field for error in rejection.errors] == ["Embedded", "Classified"]


def test_a_failure_of_another_version_is_mixed_versions_too():
    ticket = rows()
    ticket["embedded"] = EmbeddedRow.of(rows(made=provenance(etag="e2"))["raw"], "v1", failure="boom")

    with pytest.raises(MixedVersions):
        joined(ticket)


def test_a_result_that_is_missing_without_a_failure_never_becomes_a_default():
    ticket = rows()
    ticket["classified"] = ClassifiedRow.of(ticket["raw"], ticket["raw"].model_version, **{**LABELS, "intent": None})

    with pytest.raises(ValueError, match="intent"):
        joined(ticket)
