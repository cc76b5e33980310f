import json
import re
from collections import Counter, defaultdict
from itertools import islice

import pytest

from ticket_generator.generator import CUSTOMERS, TicketGenerator
from ticket_generator.texts import INTENTS, load

NOW = 1_795_000_000
TODAY = "20261118"


def generated(count: int, seed: int | None = 5):
    generator = TicketGenerator(seed)
    return [generator.generate_labelled(NOW) for _ in range(count)]


@pytest.fixture(scope="module")
def thousand():
    return generated(1000)


def without_id(ticket) -> dict:
    return {field: value for field, value in ticket.items() if field != "ticket_id"}


def test_every_intent_appears_among_the_first_hundred():
    assert {label.intent for _, label in generated(100)} == set(INTENTS)


def test_no_template_comes_again_before_all_others_were_used():
    generator = TicketGenerator(1)
    templates = load().templates
    first, second = (list(islice(generator._deck, len(templates))) for _ in range(2))
    for dealt in (first, second):
        assert sorted(map(repr, dealt)) == sorted(map(repr, templates))
    assert first != second


def test_ids_are_unique_and_match_the_contract(thousand):
    ids = [ticket["ticket_id"] for ticket, _ in thousand]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(rf"TKT-{TODAY}-[0-9a-f]{{16}}", ticket_id) for ticket_id in ids)


def test_the_same_seed_gives_the_same_texts_under_new_ids():
    once, again = ([ticket for ticket, _ in generated(150)] for _ in range(2))
    assert [without_id(ticket) for ticket in once] == [without_id(ticket) for ticket in again]
    assert not {ticket["ticket_id"] for ticket in once} & {ticket["ticket_id"] for ticket in again}


def test_another_seed_or_none_gives_other_texts():
    texts = [[ticket["body"] for ticket, _ in generated(20, seed)] for seed in (1, 2, None, None)]
    assert len({tuple(bodies) for bodies in texts}) == 4


def test_fields_have_the_types_of_the_contract_and_survive_json(thousand):
    for ticket, _ in thousand:
        assert json.loads(json.dumps(ticket)) == ticket
        assert set(ticket) == {"ticket_id", "subject", "body", "created_at", "customer_id", "priority", "metadata"}
        assert ticket["created_at"] == NOW
        assert type(ticket["created_at"]) is int
        assert set(ticket["metadata"]) == {"source", "language", "tags"}
        assert ticket["metadata"]["language"] == "en"
        assert re.fullmatch(r"CUST-\d{4}", ticket["customer_id"])
        assert ticket["subject"]
        assert "\n" not in ticket["subject"]


def test_a_fraction_of_a_second_is_cut_off():
    assert TicketGenerator(1).generate(1_795_000_000.9)["created_at"] == NOW  # pyright: ignore[reportArgumentType]


def test_lengths_span_one_line_to_a_long_letter(thousand):
    words = [len(ticket["body"].split()) for ticket, _ in thousand]
    assert sum(length <= 15 for length in words) > 50
    assert sum(length >= 200 for length in words) > 50
    assert max(words) >= 300
    assert sum(30 <= length <= 120 for length in words) > 500


def test_most_tickets_name_no_priority_and_the_others_name_what_fits(thousand):
    named = [(ticket["priority"], label.urgency) for ticket, label in thousand if ticket["priority"] is not None]
    assert 120 < len(named) < 300
    assert all(priority == urgency for priority, urgency in named)
    assert {priority for priority, _ in named} == {"critical", "high", "medium", "low"}


def test_all_channels_and_all_moods_appear(thousand):
    assert {ticket["metadata"]["source"] for ticket, _ in thousand} == {"email", "web", "chat", "phone", "api"}
    assert {label.mood for _, label in thousand} == {"polite", "neutral", "angry", "happy", "misspelt"}


def test_wording_varies_from_one_use_of_a_template_to_the_next(thousand):
    bodies = Counter(ticket["body"] for ticket, _ in thousand)
    assert len(bodies) > 850


def test_a_few_in_a_hundred_are_duplicates_of_an_incident(thousand):
    assert 30 <= sum(label.incident is not None for _, label in thousand) <= 90


def test_the_first_incident_comes_early_enough_for_a_short_demo():
    for seed in range(10):
        labels = [label.incident for _, label in generated(30, seed)]
        assert sum(incident is not None for incident in labels) >= 2


def test_an_incident_is_told_by_several_customers_in_other_words_close_in_time(thousand):
    tellings = defaultdict(list)
    for place, (ticket, label) in enumerate(thousand):
        if label.incident:
            tellings[label.incident].append((place, ticket))
    for told in tellings.values():
        places, tickets = zip(*told, strict=True)
        assert 3 <= len(told) <= 5
        assert len({ticket["customer_id"] for ticket in tickets}) == len(told)
        assert len({ticket["body"] for ticket in tickets}) == len(told)
        assert max(places) - min(places) < 25


def test_the_tickets_of_an_incident_agree_on_what_happened():
    outages = defaultdict(list)
    for ticket, label in generated(3000, 6):
        if label.incident and label.incident.startswith("module_outage"):
            outages[label.incident].append(f"{ticket['subject']} {ticket['body']}")
    assert len(outages) > 5
    for told in outages.values():
        modules = [{module for module in load().slots["module"] if module in text} for text in told]
        assert len(set.intersection(*modules)) == 1


def test_customers_come_from_a_limited_circle_so_that_some_write_twice(thousand):
    customers = [int(ticket["customer_id"].removeprefix("CUST-")) for ticket, _ in thousand]
    assert set(customers) <= set(CUSTOMERS)
    assert len(set(customers)) < len(customers)
