"""What the terminal shows of tickets: it fits 80 columns, and a ticket's text is text whatever it holds."""

from io import StringIO

import pytest
from rich.console import Console

from ticket_assets.domain.quarantine import FieldError, QuarantineEntry, Reason
from ticket_generator.generator import new_ticket_id
from tickets_cli.tables import print_quarantined, print_tickets

ITEM = {
    "ticket_id": new_ticket_id(1_760_000_000),
    "urgency": "critical",
    "urgency_confidence": 1.0,
    "sentiment": "NEGATIVE",
    "sentiment_confidence": 0.876,
    "intent": "account_management",
    "intent_confidence": 0.5,
    "summary": "The reset mail never comes.",
}
ENTRY = QuarantineEntry(
    key="a.json", reason=Reason.WRONG_SCHEMA, errors=[FieldError(field="created_at", message="must be whole seconds")],
    read_at=1.0, batch="b", at="2026-11-23T11:20:05Z",
)  # fmt: skip


@pytest.fixture
def screen():
    return Console(file=StringIO(), width=80, force_terminal=False)


def lines(screen: Console) -> list[str]:
    """What was printed, without the empty lines."""
    assert isinstance(screen.file, StringIO)
    return [line.rstrip() for line in screen.file.getvalue().splitlines() if line.strip()]


def test_a_ticket_is_two_lines_its_labels_with_confidences_and_its_summary(screen):
    print_tickets("Enriched tickets", [ITEM], screen)

    title, heads, labels, summary = lines(screen)
    assert "Enriched tickets (1)" in title
    assert heads.split() == ["ticket_id", "urgency", "sentiment", "intent"]
    assert labels.split() == [ITEM["ticket_id"], "critical", "1.0", "NEGATIVE", ".88", "account_management", ".50"]
    assert summary.strip() == "The reset mail never comes."


def test_a_generated_id_and_the_longest_labels_fit_whole_in_80_columns_and_stand_below_their_heads(screen):
    print_tickets("Urgent", [ITEM, {**ITEM, "ticket_id": "T-1", "urgency": "low", "urgency_confidence": 0.0}], screen)

    _, heads, *rest = lines(screen)
    assert rest[0].startswith(f"{ITEM['ticket_id']} critical 1.0 ")
    assert rest[2].startswith("T-1 ")
    assert "low .00" in rest[2]
    for row in rest[::2]:
        assert row.index("NEGATIVE") == heads.index("sentiment")
        assert row.index("account_management") == heads.index("intent")
    assert all(len(line) <= 80 for line in lines(screen))


def test_a_long_summary_or_id_is_cut_at_the_edge_not_wrapped(screen):
    print_tickets("All", [{**ITEM, "ticket_id": "T" * 128, "summary": "word " * 100}], screen)

    _, _, labels, summary = lines(screen)
    assert labels.startswith("TTTT")
    assert "…" in labels
    assert "account_management .50" in labels
    assert summary.startswith("  word word")
    assert summary.endswith("…")
    assert len(summary) <= 80


def test_line_breaks_and_escape_sequences_of_a_ticket_do_not_reach_the_terminal(screen):
    print_tickets("All", [{**ITEM, "summary": "first\nsecond \x1b[31mred"}], screen)
    print_quarantined([ENTRY.model_copy(update={"key": "a\x1b[2J.json"})], screen)

    shown = lines(screen)
    assert shown[3] == "  first second [31mred"
    assert not any("\x1b" in line for line in shown)


@pytest.mark.parametrize("text", ["[red]alarm[/red]", "[/nowhere]", "[link=http://x]y", ":boom:", "[bold"])
def test_what_looks_like_markup_in_a_ticket_is_printed_as_it_is(screen, text):
    print_tickets("All", [{**ITEM, "summary": text}], screen)
    entry = ENTRY.model_copy(update={"key": f"{text}.json", "errors": [FieldError(field="", message=text)]})
    print_quarantined([entry], screen)

    assert [line.strip() for line in lines(screen)].count(text) == 2
    assert any(line.startswith(f"{text}.json  wrong_schema") for line in lines(screen))


@pytest.mark.parametrize("text", ["[red]alarm[/red]", "error [/login] page", ":boom:", "[bold"])
def test_what_looks_like_markup_in_what_was_asked_for_is_printed_as_it_is(screen, text):
    print_tickets(f"Nearest to {text}", [], screen)

    assert lines(screen)[0].startswith(f"Nearest to {text} (0)")


def test_a_quarantined_object_is_shown_with_its_reason_and_what_is_wrong(screen):
    print_quarantined([ENTRY], screen)

    title, key, error = lines(screen)
    assert "Quarantined (1)" in title
    assert key == "a.json  wrong_schema"
    assert error == "  created_at: must be whole seconds"


def test_what_a_model_said_of_a_ticket_is_told_by_its_length(screen):
    said = [FieldError(field="Embedded", message="ValueError: cannot read secret")]
    print_quarantined([ENTRY.model_copy(update={"reason": Reason.MODEL_FAILURE, "errors": said})], screen)

    assert lines(screen)[-1] == "  Embedded: ValueError: … 18 characters"


def test_no_tickets_are_a_title_that_says_so(screen):
    print_tickets("Negative", [], screen)

    assert "Negative (0)" in lines(screen)[0]
