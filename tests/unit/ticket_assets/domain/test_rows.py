import pytest

from tests.support import TICKET, UNIT_VECTOR, provenance
from ticket_assets.domain.models import RawTicket
from ticket_assets.domain.rows import ClassifiedRow, EmbeddedRow, RawRow, SummarizedRow


def raw_row(**changes: object) -> RawRow:
    return RawRow.of(RawTicket.model_validate({**TICKET, **changes}), provenance())


def test_a_raw_row_is_the_ticket_and_the_version_it_was_read_from():
    row = raw_row(metadata={"source": "web"})

    assert (row.ticket_id, row.metadata.source) == ("T-1", "web")
    assert row.provenance == provenance()


def test_the_models_read_subject_and_body():
    assert raw_row(subject="Help", body="me").text == "Help\nme"


@pytest.mark.parametrize(("subject", "body", "text"), [("", "me", "me"), ("Help", "", "Help"), (" ", "\n", "")])
def test_an_empty_subject_or_body_leaves_no_blank_line(subject, body, text):
    assert raw_row(subject=subject, body=body).text == text


def test_a_models_row_carries_the_object_of_its_raw_row_and_the_version_of_the_models_that_made_it():
    row = EmbeddedRow.of(raw_row(), "models@2", embedding=UNIT_VECTOR)

    assert (row.ticket_id, row.failure) == ("T-1", None)
    assert row.provenance == provenance(model_version="models@2")
    assert row.embedding == UNIT_VECTOR


@pytest.mark.parametrize("kind", [EmbeddedRow, ClassifiedRow, SummarizedRow])
def test_a_failure_stands_in_place_of_a_result(kind):
    row = kind.of(raw_row(), "models@1", failure="ValueError: boom")

    results = {name: value for name, value in row if name in kind.__annotations__}
    assert row.failure == "ValueError: boom"
    assert set(results.values()) == {None}


@pytest.mark.parametrize(
    "other", [{"etag": "e2"}, {"last_modified": 9}, {"read_at": 9.0}, {"model_version": "v2"}], ids=str
)
def test_rows_differ_in_provenance_where_any_part_of_it_differs(other):
    ticket = RawTicket.model_validate(TICKET)

    assert RawRow.of(ticket, provenance()).provenance != RawRow.of(ticket, provenance(**other)).provenance
