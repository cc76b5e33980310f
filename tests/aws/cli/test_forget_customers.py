"""`tickets forget --customer`: whose tickets go, in whatever form they lie, and whose stay."""

import json

import pytest

from resources.queue import SqsQueue
from tests.aws.cli.running import printed, send_to_dead_letters
from tests.pipeline.conftest import ticket
from tests.traces import keep_versions, traces
from ticket_assets.domain.intake import whole
from ticket_assets.domain.quarantine import MessageEntry


def test_all_of_a_customers_tickets_go_wherever_they_are_and_no_other_customers(pipeline):
    enriched = [pipeline.put("T-1", customer_id="C-7"), pipeline.put("T-2", customer_id="C-70")]
    assert pipeline.enrich(*enriched).success
    never_enriched = pipeline.put("T-3", customer_id="C-7")
    pipeline.raw.put("misnamed.json", json.dumps(ticket("T-4", customer_id="C-7")).encode())
    pipeline.raw.put("broken.json", b'{"ticket_id": "broken", "customer_id": "C-7", "body')
    pipeline.raw.put("other.json", json.dumps(ticket("T-5", customer_id="C-70", body="about C-7 and T-1")).encode())
    pipeline.enrich("misnamed.json", "broken.json", "other.json")
    pipeline.store.put("quarantine/originals/gone.json", b'{"customer_id": "C-7"}')
    pipeline.store.put("quarantine/originals/other.json", b'{"customer_id": "C-70", "body": "about C-7"}')
    pipeline.store.put(
        "quarantine/exports/1.jsonl", json.dumps({"original": json.dumps({"customer_id": "C-7"})}).encode()
    )
    message = MessageEntry(
        message_id="m", errors=[whole("x")], body='{"customer_id": "C-7"}', at="2026-11-23T11:20:05Z"
    )
    pipeline.quarantine.add_message(message)
    send_to_dead_letters(pipeline, '{"customer_id": "C-7"}')

    output = printed("forget", "--customer", "C-7", "--yes")

    assert traces(pipeline, '"C-7"') == traces(pipeline, '\\"C-7\\"') == []
    assert "forgot 4 tickets (T-1, T-3, broken, misnamed)" in output
    assert "arrive from now on are new tickets" in output
    assert list(pipeline.raw.list_keys()) == ["T-2.json", "other.json"]
    assert pipeline.record("T-2")["customer_id"] == "C-70"
    assert [entry.key for entry in pipeline.quarantine.entries()] == ["other.json"]
    assert list(pipeline.store.list_keys("quarantine/originals/")) == ["quarantine/originals/other.json"]
    assert SqsQueue(name=pipeline.settings.dead_letter_queue).depth()["waiting"] == 0
    assert pipeline.enrich(never_enriched, "misnamed.json").success
    assert traces(pipeline, '"C-7"') == []


def test_a_customers_tickets_go_in_whatever_form_a_producer_put_them(pipeline):
    """None of these is a valid ticket: nothing but its own bytes says whose it is."""
    theirs, other = ticket("T-1", customer_id="77"), ticket("T-2", customer_id="770", body="about 77")
    forms = {
        "number": ticket("number", customer_id=77),
        "list": [theirs],
        "nested": {"ticket": theirs},
        "text": json.dumps(theirs),
        "other": [other],
    }
    for name, told in forms.items():
        pipeline.raw.put(f"{name}.json", json.dumps(told).encode())
    pipeline.raw.put("utf16.json", json.dumps({**theirs, "ticket_id": "utf16"}).encode("utf-16"))
    pipeline.raw.put("cut.json", b'{"customer_id": "7\\u0037", "body": "sch\xf6n')
    pipeline.enrich(*pipeline.raw.list_keys())
    assert len(list(pipeline.quarantine.entries())) == 7

    output = printed("forget", "--customer", "77", "--yes")

    assert "forgot 6 tickets (cut, list, nested, number, text, utf16)" in output
    assert list(pipeline.raw.list_keys()) == ["other.json"]
    assert [entry.key for entry in pipeline.quarantine.entries()] == ["other.json"]
    assert list(pipeline.store.list_keys("quarantine/originals/")) == ["quarantine/originals/other.json"]


def test_a_customers_ticket_that_was_put_again_after_it_was_forgotten_is_found_by_the_customer(pipeline):
    key = pipeline.put("T-1", customer_id="C-7")
    assert pipeline.enrich(key).success
    printed("forget", "--customer", "C-7", "--yes")
    pipeline.put("T-1", customer_id="C-7")
    assert pipeline.enrich(key).success

    printed("forget", "--customer", "C-7", "--yes")

    assert list(pipeline.raw.list_keys()) == []
    assert list(pipeline.quarantine.entries()) == []


def test_a_ticket_that_went_from_one_customer_to_another_stays_the_others(pipeline):
    key = pipeline.put("T-1", customer_id="C-7")
    assert pipeline.enrich(key).success
    pipeline.next_second()
    pipeline.put("T-1", customer_id="C-8")
    assert pipeline.enrich(key).success
    assert traces(pipeline, '"C-7"')

    printed("forget", "--customer", "C-7", "--yes")

    assert traces(pipeline, '"C-7"') == []
    assert pipeline.record("T-1")["customer_id"] == "C-8"


@pytest.mark.parametrize("versions", [False, True], ids=["plain buckets", "versioned buckets"])
def test_a_ticket_under_whose_key_anothers_was_put_by_mistake_stays_and_that_version_goes(pipeline, versions):
    """Twice over: the one's owner is forgotten by the ticket's id, the other's by the customer."""
    if versions:
        keep_versions(pipeline)
    customers = {"A": "C-7", "B": "C-8", "X": "C-17", "Y": "C-18"}
    assert pipeline.enrich(*(pipeline.put(name, customer_id=customer) for name, customer in customers.items())).success
    secrets = {"A": "my diagnosis is nobody's business", "X": "nor is what I earn"}
    for number in range(2):
        for name, under in (("A", "B.json"), ("X", "Y.json")):
            mistaken = ticket(name, customer_id=customers[name], body=f"{secrets[name]} {number}")
            pipeline.raw.put(under, json.dumps(mistaken).encode())
        pipeline.enrich("B.json", "Y.json")
    assert [entry.reason for entry in pipeline.quarantine.entries()] == ["key_mismatch"] * 2

    for name, other, asked in (("A", "B", ("A",)), ("X", "Y", ("--customer", "C-17"))):
        output = printed("forget", *asked, "--yes")

        assert f"forgot 1 tickets ({name})" in output
        assert "0 left" in output
        assert traces(pipeline, secrets[name]) == []
        assert not [key for key in pipeline.store.list_keys("quarantine/") if f"{other}.json" in key]
        assert pipeline.record(other)["customer_id"] == customers[other]
        assert [item["customer_id"] for item in pipeline.items(other)] == [customers[other]]
        assert bool(traces(pipeline, secrets["X"])) == (name == "A")
    assert list(pipeline.store.list_keys("quarantine/")) == []
    left = [json.loads(pipeline.raw.get(key).body)["ticket_id"] for key in pipeline.raw.list_keys()]
    assert left == ["B", "Y"] * versions
