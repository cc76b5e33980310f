"""Two runs of one partition, interleaved: what the later one wrote stands, whichever writes last."""

import dagster as dg
import pytest

from resources.fencing import Fenced
from resources.parquet_io import S3ParquetIOManager
from resources.record_io import S3RecordIOManager
from tests.aws.notes import NOTES_TYPE, note
from tests.aws.test_parquet_io import ROWS, ROWS_TYPE
from tests.support import stamp, store

PARTITIONS = dg.StaticPartitionsDefinition(["b-1"])


@pytest.fixture
def managers(settings):
    pipeline = store(settings.pipeline_bucket)
    records = store(settings.enriched_bucket)
    return {
        "rows": S3ParquetIOManager(store=pipeline),
        "records": S3RecordIOManager(records=records, sources=store(settings.raw_bucket), receipts=pipeline),
    }


def outputs(kind: str):
    """What the earlier run and the later one have to write, of one kind."""
    if kind == "rows":
        return ROWS_TYPE, ROWS[:1], ROWS
    return NOTES_TYPE, [note(stamp(1, read_at=1, etag="e"))], [note(stamp(1, read_at=2, etag="e")), note(stamp(2), "b")]


def interleaved(managers, kind: str, instance):
    """An earlier run that, before it writes, is overtaken by a whole later run; returns both results."""
    dagster_type, early, late = outputs(kind)
    results = []

    @dg.asset(name="made", partitions_def=PARTITIONS, io_manager_key="io", dagster_type=dagster_type)
    def later():
        return dg.MaterializeResult(value=late)

    @dg.asset(name="made", partitions_def=PARTITIONS, io_manager_key="io", dagster_type=dagster_type)
    def earlier():
        results.append(materialize(later))
        return dg.MaterializeResult(value=early)

    def materialize(asset):
        resources = {"io": managers[kind]}
        return dg.materialize(
            [asset], partition_key="b-1", resources=resources, instance=instance, raise_on_error=False
        )

    return materialize(earlier), *results


@pytest.mark.parametrize("kind", ["rows", "records"])
def test_an_earlier_run_that_goes_on_does_not_replace_a_later_ones_file(managers, kind):
    files = managers["rows"].store
    with dg.DagsterInstance.ephemeral() as instance:
        zombie, successor = interleaved(managers, kind, instance)
        tags = (instance.get_run_by_id(zombie.run_id) or zombie.dagster_run).tags
    assert successor.success
    assert not zombie.success
    assert files.head("assets/made/b-1.parquet").metadata["run-id"] == successor.run_id
    error = zombie.failure_data_for_node("made")
    assert Fenced.__name__ in str(error)
    assert f"run {zombie.run_id} was replaced by run {successor.run_id}" in str(error)
    assert tags["dagster/max_retries"] == "0"


def test_a_later_run_replaces_an_earlier_ones_file(managers):
    with dg.DagsterInstance.ephemeral() as instance:
        _, successor = interleaved(managers, "rows", instance)
        third, fourth = interleaved(managers, "rows", instance)
    assert fourth.success
    assert managers["rows"].store.head("assets/made/b-1.parquet").metadata["run-id"] == fourth.run_id
    assert third.run_id != successor.run_id


def test_a_file_that_another_tool_wrote_is_replaced(managers):
    managers["rows"].store.put("assets/made/b-1.parquet", b"")
    with dg.DagsterInstance.ephemeral() as instance:
        _, successor = interleaved(managers, "rows", instance)
    assert successor.success
