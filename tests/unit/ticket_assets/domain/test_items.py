import pytest

from tests.support import enriched_ticket
from ticket_assets.domain.items import clipped, table_item


def test_an_item_is_the_queryable_part_of_its_record():
    ticket = enriched_ticket(priority="high", metadata={"source": "web", "language": "de", "tags": ["a"]})

    assert table_item(ticket, "b-1").model_dump() == {
        "ticket_id": "T-1",
        "created_at": 1_700_000_000,
        "subject": "Cannot log in",
        "customer_id": "C-1",
        "priority": "high",
        "source": "web",
        "language": "de",
        "intent": "login_issue",
        "intent_confidence": 0.75,
        "urgency": "high",
        "urgency_confidence": 0.5,
        "sentiment": "NEGATIVE",
        "sentiment_confidence": 1.0,
        "summary": "Reset mail is missing.",
        "processed_at": "2026-01-02T03:04:05Z",
        "model_version": "v1",
        "batch": "b-1",
        "s3_key": "T-1.json",
    }


def test_an_absent_priority_stays_absent():
    assert table_item(enriched_ticket(), "b-1").priority is None


def test_long_texts_are_cut_so_that_the_item_stays_under_dynamodbs_limit():
    text = "\U0001f600" * 100_000
    ticket = enriched_ticket(subject=text, priority=text, metadata={"source": text, "language": text})

    item = table_item(ticket, "b-1")

    assert len(item.model_dump_json().encode()) < 400_000
    assert item.subject == clipped(text)


@pytest.mark.parametrize(
    ("customer_id", "kept"),
    [
        ("", None),
        ("c" * 2_048, "c" * 2_048),
        ("c" * 2_049, None),
        ("\u00e9" * 1_024, "\u00e9" * 1_024),
        ("\u00e9" * 1_025, None),
    ],
    ids=["empty", "2,048 bytes", "2,049 bytes", "2,048 bytes of two", "2,050 bytes of two"],
)
def test_a_customer_id_is_kept_where_an_index_can_hold_its_bytes(customer_id, kept):
    assert table_item(enriched_ticket(customer_id=customer_id), "b-1").customer_id == kept


@pytest.mark.parametrize(("text", "cut"), [("abcd", "abcd"), ("abcde", "abc\u2026"), ("", "")])
def test_a_cut_text_ends_in_an_ellipsis_within_the_limit(text, cut):
    assert clipped(text, 4) == cut
