import pytest

from tests.support import TICKET
from ticket_assets.domain.classification import explicit_urgency, own_summary
from ticket_assets.domain.models import RawTicket


@pytest.mark.parametrize(
    ("priority", "urgency"),
    [("critical", "critical"), ("HIGH", "high"), ("Medium", "medium"), ("lOw", "low"), (" high ", "high")],
)
def test_a_priority_in_the_vocabulary_is_the_urgency_in_any_case(priority, urgency):
    assert explicit_urgency(priority) == urgency


@pytest.mark.parametrize("priority", [None, "", " ", "urgent", "P1", "normal", "highest", "high!", "critical high"])
def test_any_other_priority_counts_as_absent(priority):
    assert explicit_urgency(priority) is None


def ticket(subject: str, body: str) -> RawTicket:
    return RawTicket.model_validate({**TICKET, "subject": subject, "body": body})


def test_a_body_of_nineteen_words_is_summarized_by_its_subject():
    assert own_summary(ticket("Cannot  log\nin", "word " * 19)) == "Cannot log in"


def test_a_body_of_twenty_words_is_the_models_to_summarize():
    assert own_summary(ticket("Cannot log in", "word " * 20)) is None


def test_a_short_body_is_its_own_summary_where_the_subject_is_blank():
    assert own_summary(ticket(" \t", " Help\n me ")) == "Help me"


def test_a_ticket_without_any_text_says_so():
    assert own_summary(ticket("", " ")) == "(no text)"
