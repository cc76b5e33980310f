"""`tickets forget`: what it removes, what it leaves, what it says, asks and refuses."""

import json

import pytest

from resources.aws import client
from resources.object_store import S3ObjectStore
from resources.queue import SqsQueue
from tests.aws.cli.running import printed, tickets
from tests.fakes import POISON
from tests.pipeline.conftest import ticket
from tests.support import eventually
from tests.traces import keep_versions, traces
from ticket_assets.domain.batches import BatchFailure
from ticket_assets.domain.intake import whole
from ticket_assets.domain.quarantine import MessageEntry
from ticket_assets.settings import variable
from tickets_cli.correcting import decide
from tickets_cli.processes import ProcessFailed

SECRET = "my diagnosis is nobody's business"


def send_to_dead_letters(pipeline, body: str) -> None:
    queue = SqsQueue(name=pipeline.settings.dead_letter_queue)
    client("sqs").send_message(QueueUrl=queue.url, MessageBody=body)
    assert eventually(lambda: queue.depth()["waiting"])


@pytest.fixture
def life(pipeline):
    """A ticket that left its text in every store, in two versions, beside a neighbour's."""
    keys = [pipeline.put("T-1", body=f"{SECRET} {POISON}"), pipeline.put("T-10", customer_id="CUST-2")]
    assert pipeline.enrich(*keys).success
    pipeline.next_second()
    pipeline.put("T-1", body=SECRET)
    batch = pipeline.land(*keys)
    assert pipeline.run(batch).success
    failure = BatchFailure(batch=batch, run_id="r", error="ticket T-1 has no row upstream", at="2026-11-23T11:20:05Z")
    pipeline.batches.record_failure(failure)
    send_to_dead_letters(pipeline, json.dumps({"bucket": pipeline.settings.raw_bucket, "key": "T-1.json"}))
    send_to_dead_letters(pipeline, json.dumps({"bucket": pipeline.settings.raw_bucket, "key": "T-10.json"}))
    return pipeline


@pytest.mark.parametrize("versions", [False, True], ids=["plain buckets", "versioned buckets"])
def test_a_forgotten_ticket_is_in_no_store_and_its_neighbour_in_all(pipeline, request, versions):
    if versions:
        keep_versions(pipeline)
    life = request.getfixturevalue("life")
    assert {place.partition("/")[0].partition("-")[0] for place in traces(life, SECRET)} >= {
        "raw",
        "enriched",
        "pipeline",
    }

    output = printed("forget", "T-1", "--yes")

    assert traces(life, SECRET) == []
    assert "forgot 1 tickets (T-1)" in output
    assert "0 left" in output
    assert life.record("T-1").keys() == {"ticket_id", "forgotten_at"}
    assert [item["created_at"] for item in life.items("T-1")] == [0]
    assert life.record("T-10")["subject"]
    assert len(life.items("T-10")) == 1
    (message,) = SqsQueue(name=life.settings.dead_letter_queue).receive(2)
    assert "T-10.json" in message.body
    (failure,) = life.batches.failures()
    assert "T-1" not in failure.error


def test_a_corrected_ticket_is_forgotten_with_its_decisions_and_what_was_learnt_from_it_is_named(
    life, tmp_path, monkeypatch
):
    (tmp_path / "intent.yaml").write_text('- "a"  # learnt from T-10\n- "b"  # learnt from T-2, T-1\n')
    monkeypatch.setenv(variable("labels_dir"), str(tmp_path))
    table = life.stores["table"]
    for ticket_id in ("T-1", "T-10"):
        decide(table, ticket_id, {"intent": "bug_report"})

    output = printed("forget", "T-1", "--yes")

    assert "intent.yaml, line 2: T-1; remove what was learnt from it" in output
    assert "line 1" not in output
    (stone,) = life.items("T-1")
    assert not {"corrections", "computed", "intent"} & stone.keys()
    with pytest.raises(ProcessFailed, match="has no item"):
        decide(table, "T-1", {"intent": "bug_report"})
    assert life.items("T-10")[0]["intent"] == "bug_report"
    assert life.run(life.land("T-1.json")).success
    assert life.items("T-1") == [stone]


def test_a_dry_run_shows_what_would_go_and_removes_nothing(life):
    before = traces(life, SECRET)

    output = printed("forget", "T-1", "--dry-run")

    assert traces(life, SECRET) == before
    assert life.record("T-1")["subject"]
    assert "Nothing was removed" in output
    for store in (life.raw.bucket, life.records.bucket, life.settings.table, life.settings.dead_letter_queue):
        assert store[-8:] in output
    assert "T-1.json, 1 versions" in output
    assert SECRET not in output


@pytest.mark.parametrize("answer", ["n\n", "\n"], ids=["no", "just return"])
def test_it_asks_first_and_removes_nothing_unless_told(life, answer):
    before = traces(life, SECRET)

    result = tickets("forget", "T-1", typed=answer)

    assert result.exit_code == 1
    assert "of 1 tickets?" in result.stdout
    assert traces(life, SECRET) == before


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


@pytest.mark.parametrize("asked", [("A",), ("--customer", "C-7")], ids=["by id", "by customer"])
@pytest.mark.parametrize("versions", [False, True], ids=["plain buckets", "versioned buckets"])
def test_a_ticket_under_whose_key_anothers_was_put_by_mistake_stays_and_that_version_goes(pipeline, versions, asked):
    if versions:
        keep_versions(pipeline)
    keys = [pipeline.put("A", customer_id="C-7"), pipeline.put("B", customer_id="C-8")]
    assert pipeline.enrich(*keys).success
    for number in range(2):
        mistaken = ticket("A", customer_id="C-7", body=f"{SECRET} {number}")
        pipeline.raw.put("B.json", json.dumps(mistaken).encode())
        pipeline.enrich("B.json")
    assert [entry.reason for entry in pipeline.quarantine.entries()] == ["key_mismatch"]

    output = printed("forget", *asked, "--yes")

    assert "forgot 1 tickets (A)" in output
    assert "0 left" in output
    assert traces(pipeline, SECRET) == []
    assert list(pipeline.store.list_keys("quarantine/")) == []
    assert pipeline.record("B")["customer_id"] == "C-8"
    assert [item["customer_id"] for item in pipeline.items("B")] == ["C-8"]
    assert [json.loads(pipeline.raw.get(key).body)["ticket_id"] for key in pipeline.raw.list_keys()] == ["B"] * versions


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), "name the tickets by their ids, or a customer"),
        (("T 1",), "'T 1' is no ticket id"),
        (("../T-1",), "is no ticket id"),
        (("--customer", ""), "--customer takes 1 to 2,048 bytes"),
        (("--customer", "c" * 2_049), "--customer takes 1 to 2,048 bytes"),
        (("T-1", "T-99"), "nothing is known of T-99: check the ids; nothing was removed"),
        (("--customer", "C-99"), "nothing is known of this customer"),
        (("--lift", "T-1"), "T-1 was not forgotten"),
        (("--lift", "--customer", "CUST-1"), "--lift takes ids"),
    ],
)
def test_what_makes_no_sense_is_refused_and_removes_nothing(pipeline, arguments, reason):
    pipeline.enrich(pipeline.put("T-1"))

    result = tickets("forget", "--yes", *arguments)

    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert reason in line
    assert pipeline.record("T-1")["subject"]
    assert list(pipeline.raw.list_keys()) == ["T-1.json"]


def test_forgetting_again_is_no_error_and_keeps_the_first_time(pipeline):
    assert pipeline.enrich(pipeline.put("T-1")).success
    printed("forget", "T-1", "--yes")
    first = pipeline.record("T-1")
    pipeline.next_second()

    assert "0 places removed, 0 left" in printed("forget", "T-1", "--yes")

    assert pipeline.record("T-1") == first


def test_a_lift_asks_first(pipeline):
    assert pipeline.enrich(pipeline.put("T-1")).success
    printed("forget", "T-1", "--yes")

    assert tickets("forget", "--lift", "T-1", typed="n\n").exit_code == 1

    assert pipeline.record("T-1").keys() == {"ticket_id", "forgotten_at"}


def test_what_cannot_be_removed_is_named_and_fails(pipeline, monkeypatch):
    assert pipeline.enrich(pipeline.put("T-1")).success
    # What a producer does that goes on putting the ticket, as fast as it is removed.
    remove = S3ObjectStore.delete_versions

    def put_again(self, versions):
        deleted = remove(self, versions)
        if self.bucket == pipeline.raw.bucket:
            pipeline.put("T-1")
        return deleted

    monkeypatch.setattr(S3ObjectStore, "delete_versions", put_again)

    result = tickets("forget", "T-1", "--yes")

    assert result.exit_code == 1
    assert "T-1.json, 1 versions" in result.stdout
    assert "1 left" in " ".join(result.stdout.split())
    assert "run the same command again" in result.stderr


def test_dead_letters_that_somebody_holds_hidden_leave_the_proof_open(pipeline):
    assert pipeline.enrich(pipeline.put("T-1")).success
    send_to_dead_letters(pipeline, json.dumps({"bucket": pipeline.settings.raw_bucket, "key": "T-1.json"}))
    queue = SqsQueue(name=pipeline.settings.dead_letter_queue)
    (held,) = eventually(lambda: queue.receive(1))

    result = tickets("forget", "T-1", "--yes")

    assert result.exit_code == 1
    assert "hidden for minutes" in result.output
    queue.give_back([held])
    assert tickets("forget", "T-1", "--yes").exit_code == 0
    assert not sum(queue.depth().values())
