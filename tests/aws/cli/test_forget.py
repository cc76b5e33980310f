"""`tickets forget`: what it removes, what it leaves, what it says, asks and refuses."""

import json

import dagster as dg
import pytest

from resources.aws import client
from resources.ordering import TOMBSTONE, Stamp
from resources.queue import SqsQueue
from tests.aws.cli.running import printed, tickets
from tests.fakes import POISON
from tests.support import eventually
from tests.traces import keep_versions, traces
from ticket_assets.assets.policy import BATCHES
from ticket_assets.domain.batches import BatchFailure

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
