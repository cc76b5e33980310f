import pytest
from pydantic import ValidationError

from resources.display import is_sensitive
from tests.support import ENRICHMENT, TICKET, enriched_ticket
from ticket_assets.domain.models import EnrichedTicket, EnrichmentData, RawTicket, TicketItem, TicketMetadata
from ticket_assets.domain.rows import ClassifiedRow, EmbeddedRow, Provenance, RawRow, SummarizedRow


def test_a_raw_ticket_has_exactly_the_fields_of_the_contract():
    assert list(RawTicket.model_fields) == [
        "ticket_id", "subject", "body", "created_at", "customer_id", "priority", "metadata",
    ]  # fmt: skip
    assert list(TicketMetadata.model_fields) == ["source", "language", "tags"]


def test_a_record_is_the_raw_fields_flattened_and_the_enrichment():
    assert list(EnrichedTicket.model_fields) == [*RawTicket.model_fields, "enrichment"]
    assert list(EnrichmentData.model_fields) == list(ENRICHMENT)


def test_an_item_has_exactly_the_fields_of_the_contract():
    assert set(TicketItem.model_fields) == {
        "ticket_id", "created_at", "subject", "customer_id", "priority", "source", "language",
        "intent", "intent_confidence", "urgency", "urgency_confidence", "sentiment", "sentiment_confidence",
        "summary", "processed_at", "model_version", "batch", "s3_key",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("model", "known"),
    [
        (RawTicket, {"ticket_id", "created_at"}),
        (TicketMetadata, set()),
        (EnrichmentData, {*ENRICHMENT} - {"summary"}),
        (EnrichedTicket, {"ticket_id", "created_at", "enrichment"}),
        (TicketItem, {"ticket_id", "created_at", *ENRICHMENT, "batch", "s3_key"} - {"summary", "embedding"}),
        (RawRow, {"ticket_id", "created_at", *Provenance.model_fields}),
        (EmbeddedRow, {"ticket_id", "embedding", *Provenance.model_fields}),
        (SummarizedRow, {"ticket_id", *Provenance.model_fields}),
        (ClassifiedRow, {*ClassifiedRow.model_fields} - {"failure"}),
    ],
)
def test_all_that_is_written_freely_is_marked_as_sensitive(model, known):
    assert {name for name, field in model.model_fields.items() if not is_sensitive(field)} == known


def test_no_error_of_a_contract_quotes_what_was_written():
    wrong = {**TICKET, "subject": ["secret"], "created_at": "secret", "metadata": {"tags": [{"secret": 1}]}}

    for model in (RawTicket, EnrichedTicket, RawRow):
        with pytest.raises(ValidationError) as failure:
            model.model_validate(wrong)
        assert "secret" not in str(failure.value)


def test_a_record_survives_the_way_to_json_and_back():
    record = enriched_ticket(subject="caf\u00e9 \U0001f600\nline", metadata={"tags": ["a", "b"]})

    assert EnrichedTicket.model_validate_json(record.model_dump_json()) == record


def test_a_record_that_carries_fields_of_a_later_version_is_read():
    later = {**TICKET, "enrichment": {**ENRICHMENT, "topic": "x"}, "topic": "x"}

    assert EnrichedTicket.model_validate(later) == enriched_ticket()


@pytest.mark.parametrize("field", ["intent_confidence", "urgency_confidence", "sentiment_confidence"])
@pytest.mark.parametrize("value", [-0.01, 1.01, float("nan"), float("inf")])
def test_a_confidence_outside_zero_to_one_is_refused(field, value):
    with pytest.raises(ValidationError, match=field):
        EnrichmentData.model_validate({**ENRICHMENT, field: value})


@pytest.mark.parametrize("value", [0, 1])
def test_a_confidence_may_be_zero_or_one(value):
    assert EnrichmentData.model_validate({**ENRICHMENT, "intent_confidence": value}).intent_confidence == value


@pytest.mark.parametrize("length", [0, 383, 385])
def test_a_vector_of_another_length_is_refused(length):
    with pytest.raises(ValidationError, match="embedding"):
        EnrichmentData.model_validate({**ENRICHMENT, "embedding": [0.0] * length})


@pytest.mark.parametrize(("field", "value"), [("urgency", "urgent"), ("urgency", "High"), ("sentiment", "negative")])
def test_a_label_outside_its_vocabulary_is_refused(field, value):
    with pytest.raises(ValidationError, match=field):
        EnrichmentData.model_validate({**ENRICHMENT, field: value})
