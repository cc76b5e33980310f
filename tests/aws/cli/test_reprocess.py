"""`tickets reprocess`: new batches of the tickets that were meant, and of no others."""

from resources.aws import client
from tests.aws.cli.running import printed, tickets
from tests.pipeline.conftest import Pipeline
from ticket_assets.assets.policy import BATCHES


def enriched(pipeline: Pipeline, *ticket_ids: str, pruned: bool = True, **fields: object) -> str:
    """A batch of these tickets that was run, and whose partition was pruned since."""
    batch = pipeline.land(*(pipeline.put(ticket_id, **fields) for ticket_id in ticket_ids))
    assert pipeline.run(batch).success
    pipeline.batches.clear_pending(batch)
    if pruned:
        pipeline.instance.delete_dynamic_partition(BATCHES.name, batch)
    return batch


def deferred(pipeline: Pipeline) -> list[list[str]]:
    """The tickets of each deferred batch."""
    return [sorted(pipeline.batches.manifest(batch).keys) for batch in pipeline.batches.deferred()]


def test_tickets_whose_partition_was_pruned_get_a_deferred_batch_and_the_others_stay_as_they_are(pipeline):
    enriched(pipeline, "t1", "t2")
    enriched(pipeline, "t3", pruned=False)

    output = printed("reprocess", "--where", "model_version!=current")

    assert deferred(pipeline) == [["t1.json", "t2.json"]]
    assert pipeline.batches.pending() == []
    (batch,) = pipeline.batches.deferred()
    assert f"batch {batch}: 2 tickets" in output
    assert "2 tickets in 1 batches will be reprocessed" in output
    assert "1 skipped: their partitions stand" in output
    assert "reading the whole table" in output


def test_all_batches_means_those_whose_partition_stands_too(pipeline):
    enriched(pipeline, "t1")
    enriched(pipeline, "t2", pruned=False)

    assert "skipped" not in printed("reprocess", "--all-batches", "--yes")
    assert deferred(pipeline) == [["t1.json", "t2.json"]]


def test_a_ticket_with_two_items_is_in_its_batch_once_and_the_batch_succeeds(pipeline):
    enriched(pipeline, "t1", "t2")
    table = pipeline.stores["table"]
    (item,) = table.items("t1")
    table.put({**item, "created_at": {"N": "1"}}, None)

    assert "2 tickets in 1 batches" in printed("reprocess", "--yes")

    (batch,) = pipeline.batches.deferred()
    assert sorted(pipeline.batches.manifest(batch).keys) == ["t1.json", "t2.json"]
    pipeline.instance.add_dynamic_partitions(BATCHES.name, [batch])
    assert pipeline.run(batch).success
    assert len(pipeline.items("t1")) == 1


def test_all_conditions_must_hold_and_an_index_is_read_where_one_fits(pipeline):
    enriched(pipeline, "t1", customer_id="C-1", priority="critical")
    enriched(pipeline, "t2", customer_id="C-1", priority="low")
    enriched(pipeline, "t3", customer_id="C-2", priority="critical")

    output = printed(
        "reprocess", "--where", "source=unknown", "--where", "customer_id=C-1", "--where", "urgency=critical"
    )

    assert "reading customer-index, and each" in output
    assert deferred(pipeline) == [["t1.json"]]


def test_what_the_models_of_today_made_is_not_made_again(pipeline):
    enriched(pipeline, "t1")
    version = pipeline.items("t1")[0]["model_version"]

    assert "0 tickets in 0 batches" in printed("reprocess", "--where", f"model_version!={version}")
    assert "0 tickets in 0 batches" in printed("reprocess", "--where", "model_version=current")
    assert "1 tickets in 1 batches" in printed("reprocess", "--where", f"model_version={version}")


def test_a_ticket_whose_raw_object_is_gone_is_skipped_and_counted(pipeline):
    enriched(pipeline, "t1", "t2")
    pipeline.raw.delete("t1.json")

    assert "1 skipped: their raw objects are gone" in printed("reprocess", "--yes")
    assert deferred(pipeline) == [["t2.json"]]


def test_the_mark_of_a_forgotten_ticket_is_no_ticket(pipeline):
    enriched(pipeline, "t1")
    pipeline.put("t2")
    mark = {"ticket_id": {"S": "t2"}, "created_at": {"N": "0"}, "stamp": {"S": "x"}}
    client("dynamodb").put_item(TableName=pipeline.settings.table, Item=mark)

    printed("reprocess", "--where", "intent!=nothing")

    assert deferred(pipeline) == [["t1.json"]]


def test_a_dry_run_makes_nothing_and_batches_are_as_large_as_the_settings_say(pipeline, monkeypatch):
    monkeypatch.setenv("TICKETS_BATCH_SIZE", "2")
    enriched(pipeline, *(f"t{n}" for n in range(5)))

    assert "5 tickets in 3 batches would be reprocessed" in printed("reprocess", "--dry-run")
    assert deferred(pipeline) == []
    assert "5 tickets in 3 batches" in printed("reprocess", "--yes")
    assert [len(keys) for keys in deferred(pipeline)] in ([2, 2, 1], [1, 2, 2], [2, 1, 2])
    assert "an earlier reprocess still wait" in printed("reprocess", "--dry-run")


def test_without_a_condition_it_asks_first_and_makes_nothing_unless_told(pipeline):
    enriched(pipeline, "t1")

    for answer in ("n\n", "\n"):  # no, and just return
        result = tickets("reprocess", typed=answer)
        assert result.exit_code == 1
        assert f"every ticket of {pipeline.settings.table}" in result.stdout
        assert deferred(pipeline) == []
    printed("reprocess", typed="y\n")
    assert deferred(pipeline) == [["t1.json"]]


def test_a_bad_condition_is_one_line(pipeline):
    result = tickets("reprocess", "--where", "urgency=urgent")

    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert line == "error: 'urgency=urgent': urgency is one of critical, high, medium, low"


def test_without_dagsters_home_it_says_what_is_missing(named, home):
    result = tickets("reprocess", "--yes")

    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert f"no Dagster instance in {home}" in line
    assert "--all-batches" in line
    assert "0 tickets in 0 batches" in printed("reprocess", "--yes", "--all-batches")
