"""`tickets where` against a real server: one ticket through all that can become of it."""

import json

from resources.aws import client
from resources.queue import SqsQueue
from tests.aws.cli.running import fill, printed, tickets
from tests.pipeline.test_books_of_leftovers import forget
from tests.support import eventually, store
from ticket_assets.stores import books
from ticket_assets.stores import whereabouts as module


def found(ticket: str) -> dict:
    result = tickets("where", ticket, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_an_enriched_ticket_is_shown_with_record_item_batch_and_run_but_not_its_text(named, pipeline):
    run = pipeline.enrich(pipeline.put("T-1", customer_id="CUST-9"))
    (batch,) = pipeline.batches.pending()

    output = printed("where", "T-1")
    assert output.startswith("T-1.json: enriched ")
    raw = pipeline.raw.head("T-1.json")
    for expected in (raw.etag, f"batch={batch}", "model_version=", f"batch {batch} pending", run.run_id, "success"):
        assert expected in output
    assert output.count("item ") == 1
    assert "CUST-9" not in output
    assert "Monday" not in output
    assert printed("where", "T-1.json") == output

    seen = found("T-1")
    assert seen["verdict"]["state"] == "enriched"
    assert seen["record"]["source-etag"] == seen["items"][0]["source-etag"] == raw.etag
    assert seen["record"]["model_version"] == seen["items"][0]["model_version"] != ""
    (history,) = seen["batches"]
    assert (history["marker"], history["runs"][0]["status"]) == ("pending", "SUCCESS")
    assert history["runs"][0]["start"] <= history["runs"][0]["end"]
    assert not {"subject", "summary", "customer_id"} & set(seen["items"][0])


def test_a_quarantined_and_a_failed_and_a_waiting_ticket_say_why_and_where(named, pipeline):
    told = fill(pipeline)
    pipeline.put("T-4")

    assert printed("where", "bad").startswith("bad.json: quarantined (not_json)")
    failed = printed("where", "T-3")
    assert failed.startswith(f"T-3.json: failed (in batch {told['batch']})")
    assert told["error"] in failed
    assert f"{told['run']} failure" in failed
    (waiting,) = pipeline.batches.pending()[-1:]
    assert printed("where", "T-4").startswith(f"T-4.json: in flight (in batch {waiting})")
    assert [batch["marker"] for batch in found("T-4")["batches"]] == ["pending"]


def test_a_ticket_of_which_nothing_is_known_exits_with_1(named, pipeline):
    pipeline.put("T-1")

    result = tickets("where", "T")
    assert result.exit_code == 1
    assert result.stdout.startswith("T.json: unknown")


def test_a_ticket_that_was_put_just_now_is_on_its_way(named, pipeline, monkeypatch):
    pipeline.put("T-1")
    queue = SqsQueue(name=named.queue)
    assert eventually(lambda: queue.delete(queue.drain(1, 0, 100)) or not sum(queue.depth().values()))

    assert printed("where", "T-1").startswith("T-1.json: missing")
    monkeypatch.setattr(books, "UNHEARD_SECONDS", 120)
    assert printed("where", "T-1").startswith("T-1.json: in flight (put just now")


def test_an_erased_ticket_is_forgotten(named, pipeline):
    forget(pipeline, "T-1")

    assert printed("where", "T-1").startswith("T-1.json: forgotten")
    (item,) = pipeline.stores["table"].items("T-1")
    pipeline.stores["table"].delete(item)
    assert printed("where", "T-1").startswith("T-1.json: forgotten")
    assert found("T-1")["tombstone"]


def test_a_record_whose_raw_object_is_gone_is_shown_with_its_batch(named, pipeline):
    pipeline.enrich(pipeline.put("T-1"))
    pipeline.raw.delete("T-1.json")

    seen = found("T-1")
    assert seen["verdict"] == {"state": "enriched", "detail": "orphaned: its raw object is gone"}
    assert [batch["batch"] for batch in seen["batches"]] == pipeline.batches.pending()
    assert seen["raw"] == []


def test_every_version_and_every_batch_since_the_first_is_shown_where_the_bucket_keeps_them(named, pipeline):
    client("s3").put_bucket_versioning(Bucket=named.raw_bucket, VersioningConfiguration={"Status": "Enabled"})
    pipeline.enrich(pipeline.put("T-1"))
    pipeline.put("T-10")
    first = pipeline.raw.head("T-1.json").etag
    pipeline.next_second()
    second_batch = pipeline.land(pipeline.put("T-1", subject="login_issue again"))

    seen = found("T-1")
    assert [version["etag"] for version in seen["raw"]] == [pipeline.raw.head("T-1.json").etag, first]
    assert len(seen["batches"]) == 2
    assert seen["verdict"] == {"state": "in flight", "detail": f"in batch {second_batch}"}
    pipeline.batches.clear_pending(second_batch)
    assert seen != found("T-1")


def test_a_search_of_too_many_batches_is_cut_and_says_so(named, pipeline, monkeypatch):
    monkeypatch.setattr(module, "MOST_SCANNED", 1)
    pipeline.put("T-1")
    pipeline.land("T-2.json")
    assert not found("T-1")["cut"]
    pipeline.next_second()
    finished = pipeline.land("T-1.json")
    pipeline.batches.clear_pending(finished)

    seen = found("T-1")
    assert (seen["scanned"], seen["cut"], seen["batches"]) == (1, True, [])
    assert "only 1 batches" in printed("where", "T-1")


def test_batches_landed_before_the_ticket_was_put_are_not_searched(named, pipeline):
    pipeline.put("T-1")
    store(named.pipeline_bucket).put("batches/20200101T000000Z-00000000.json", b"not even read")

    assert found("T-1")["scanned"] == 0
