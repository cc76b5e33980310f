"""`tickets forget`: what it removes, what it leaves, what it says, asks and refuses."""

import json

import pytest

from resources.object_store import S3ObjectStore
from resources.queue import SqsQueue
from tests.aws.cli.running import printed, send_to_dead_letters, tickets
from tests.fakes import POISON
from tests.support import eventually
from tests.traces import keep_versions, traces
from ticket_assets.domain.batches import BatchFailure
from ticket_assets.settings import variable
from ticket_assets.stores.correcting import NoSuchTicket, decide

SECRET = "my diagnosis is nobody's business"


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
    with pytest.raises(NoSuchTicket, match="has no item"):
        decide(table, "T-1", {"intent": "bug_report"})
    assert life.items("T-10")[0]["intent"] == "bug_report"
    assert life.run(life.land("T-1.json")).success
    assert life.items("T-1") == [stone]


def test_a_dry_run_and_an_answer_that_is_no_yes_show_what_would_go_and_remove_nothing(life):
    before = traces(life, SECRET)

    output = printed("forget", "T-1", "--dry-run")

    assert traces(life, SECRET) == before
    assert life.record("T-1")["subject"]
    assert "Nothing was removed" in output
    for store in (life.raw.bucket, life.records.bucket, life.settings.table, life.settings.dead_letter_queue):
        assert store[-8:] in output
    assert "T-1.json, 1 versions" in output
    assert SECRET not in output
    for answer in ("n\n", "\n"):  # no, and just return
        result = tickets("forget", "T-1", typed=answer)
        assert result.exit_code == 1
        assert "of 1 tickets?" in result.stdout
        assert traces(life, SECRET) == before


SENSELESS = [
    ((), "name the tickets by their ids, or a customer"),
    (("T 1",), "'T 1' is no ticket id"),
    (("../T-1",), "is no ticket id"),
    (("--customer", ""), "--customer takes 1 to 2,048 bytes"),
    (("--customer", "c" * 2_049), "--customer takes 1 to 2,048 bytes"),
    (("T-1", "T-99"), "nothing is known of T-99: check the ids; nothing was removed"),
    (("--customer", "C-99"), "nothing is known of this customer"),
    (("--lift", "T-1"), "T-1 was not forgotten"),
    (("--lift", "--customer", "CUST-1"), "--lift takes ids"),
]


def test_what_makes_no_sense_is_refused_and_removes_nothing(pipeline):
    pipeline.enrich(pipeline.put("T-1"))

    for arguments, reason in SENSELESS:
        result = tickets("forget", "--yes", *arguments)

        assert result.exit_code == 1, arguments
        (line,) = result.stderr.splitlines()
        assert reason in line
        assert pipeline.record("T-1")["subject"], arguments
        assert list(pipeline.raw.list_keys()) == ["T-1.json"], arguments


def test_a_lift_asks_first_and_forgetting_again_is_no_error_and_keeps_the_first_time(pipeline):
    assert pipeline.enrich(pipeline.put("T-1")).success
    printed("forget", "T-1", "--yes")
    first = pipeline.record("T-1")
    assert first.keys() == {"ticket_id", "forgotten_at"}

    assert tickets("forget", "--lift", "T-1", typed="n\n").exit_code == 1

    assert pipeline.record("T-1") == first
    pipeline.next_second()
    assert "0 places removed, 0 left" in printed("forget", "T-1", "--yes")
    assert pipeline.record("T-1") == first


def test_what_cannot_be_removed_is_named_and_fails(pipeline, monkeypatch):
    pipeline.put("T-1")
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
    pipeline.put("T-1")
    send_to_dead_letters(pipeline, json.dumps({"bucket": pipeline.settings.raw_bucket, "key": "T-1.json"}))
    queue = SqsQueue(name=pipeline.settings.dead_letter_queue)
    (held,) = eventually(lambda: queue.receive(1))

    result = tickets("forget", "T-1", "--yes")

    assert result.exit_code == 1
    assert "hidden for minutes" in result.output
    queue.give_back([held])
    assert tickets("forget", "T-1", "--yes").exit_code == 0
    assert not sum(queue.depth().values())
