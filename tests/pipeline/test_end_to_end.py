"""The real stack, as `tickets up` runs it: webserver, daemon, code server, AWS server, real models, free ports."""

import json
import os
import time
from urllib.request import Request, urlopen

import dagster as dg
import pytest
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES
from rich.console import Console

from resources.aws import client
from resources.dynamodb import DynamoDBTable
from resources.object_store import S3ObjectStore
from tests.support import eventually
from ticket_assets.domain.models import EnrichedTicket
from ticket_assets.settings import load_settings
from ticket_assets.stores.batches import Batches
from ticket_generator.bad_tickets import bad_objects
from tickets_cli.demo import Watched
from tickets_cli.layout import dagster_home
from tickets_cli.seeding import put_tickets
from tickets_cli.stack import Ports, running_stack

SECONDS = 240
LINEAGE = """{ assetNodes { assetKey { path } dependencyKeys { path } groupName description kinds
  owners { ... on TeamAssetOwner { team } }
  assetMaterializations(limit: 1) { partition metadataEntries { label } } } }"""
CHECKS = """query($key: AssetKeyInput!) { assetNodeOrError(assetKey: $key) { ... on AssetNode {
  assetChecksOrError { ... on AssetChecks { checks { name executionForLatestMaterialization { status } } } } } } }"""
SENSORS = (
    """{ repositoriesOrError { ... on RepositoryConnection { nodes { sensors { name sensorState { status } } } } } }"""
)
ORDER = {
    "raw_tickets": set(),
    "embedded_tickets": {"raw_tickets"},
    "classified_tickets": {"raw_tickets", "embedded_tickets"},
    "summarized_tickets": {"raw_tickets"},
    "enriched_tickets": {"raw_tickets", "embedded_tickets", "classified_tickets", "summarized_tickets"},
    "ticket_metadata": {"enriched_tickets"},
}


@pytest.fixture(scope="module")
def stack(tmp_path_factory, prepared_models):
    state = tmp_path_factory.mktemp("stack")
    before = dict(os.environ)
    os.environ.update(TICKETS_STATE_DIR=str(state), TICKETS_BATCH_WINDOW_SECONDS="2")
    os.environ.pop("DAGSTER_HOME", None)
    try:
        with running_stack(state, Ports.free(), print) as running:
            yield running
    finally:
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture(scope="module")
def watched(stack):
    """Twenty good tickets and three bad objects, put and waited for."""
    settings = load_settings()
    good = put_tickets(settings.raw_bucket, 20, 1, Console(quiet=True))
    bad = bad_objects()
    for key, body in bad:
        client("s3").put_object(Bucket=settings.raw_bucket, Key=key, Body=body)
    found = Watched(settings, good, [key for key, _ in bad])
    deadline = time.monotonic() + SECONDS
    while not found.look() and time.monotonic() < deadline:
        stack.check()
        time.sleep(0.5)
    with dg.DagsterInstance.from_config(str(dagster_home())) as instance:
        unfinished = dg.RunsFilter(statuses=list(NOT_FINISHED_STATUSES))  # the search index comes after the items
        assert eventually(lambda: not instance.get_runs(unfinished), SECONDS)
    return found


def ask(stack, query: str, **variables: object) -> dict:
    body = json.dumps({"query": query, "variables": variables}).encode()
    request = Request(f"{stack.ports.page}/graphql", body, {"Content-Type": "application/json"})
    with urlopen(request, timeout=30) as response:
        answer = json.load(response)
    assert "errors" not in answer, answer
    return answer["data"]


def test_every_good_ticket_is_enriched_and_every_bad_one_quarantined(watched):
    assert watched.missing == []
    assert watched.awaited == []
    assert len(watched.items) == 20
    assert {entry.reason for entry in watched.quarantined} == {"not_json", "wrong_schema", "key_mismatch"}


def test_the_full_record_is_where_the_contract_says(watched):
    for item in watched.items:
        body = client("s3").get_object(Bucket="tickets-enriched", Key=item["s3_key"])["Body"].read()
        record = EnrichedTicket.model_validate_json(body)
        assert record.ticket_id == item["ticket_id"]
        assert record.enrichment.summary.strip()
        assert record.enrichment.model_version == item["model_version"]


def test_urgent_tickets_are_found_by_the_index(watched):
    table = DynamoDBTable(name="tickets-metadata", hash_key="ticket_id", range_key="created_at")
    for level in ("critical", "high", "medium", "low"):
        expected = {item["ticket_id"] for item in watched.items if item["urgency"] == level}
        found = {item["ticket_id"] for item in table.newest("urgency-index", "urgency", level, 100)}
        assert found == expected


def test_the_ui_shows_lineage_materializations_and_what_a_newcomer_needs(stack, watched):
    found = ask(stack, LINEAGE)["assetNodes"]
    nodes = {node["assetKey"]["path"][0]: node for node in found if node["groupName"] == "ticket_enrichment"}
    assert {name: {key["path"][0] for key in nodes[name]["dependencyKeys"]} for name in nodes} == ORDER
    for node in nodes.values():
        assert node["owners"] == [{"team": "support-platform"}]
        assert len(node["description"]) > 50
        assert node["kinds"]
        labels = {entry["label"] for entry in node["assetMaterializations"][0]["metadataEntries"]}
        assert {"tickets", "milliseconds_per_ticket", "dagster/column_schema"} <= labels


def test_the_ui_shows_the_checks_as_passed(stack, watched):
    for asset in ("embedded_tickets", "classified_tickets", "ticket_metadata"):
        node = ask(stack, CHECKS, key={"path": [asset]})["assetNodeOrError"]
        (check,) = node["assetChecksOrError"]["checks"]
        assert check["executionForLatestMaterialization"]["status"] == "SUCCEEDED", check


def test_the_sensors_run(stack):
    (repository,) = ask(stack, SENSORS)["repositoriesOrError"]["nodes"]
    states = {sensor["name"]: sensor["sensorState"]["status"] for sensor in repository["sensors"]}
    names = ("ticket_queue_sensor", "batch_failure_sensor", "partition_pruning_sensor")
    assert states == dict.fromkeys(names, "RUNNING")


def test_a_batch_that_cannot_succeed_is_run_three_times_from_its_start_and_then_recorded(stack):
    batch = "20260101T000000Z-00000000"
    pipeline = S3ObjectStore(bucket="tickets-pipeline")
    pipeline.put(f"batches/pending/{batch}", b"")  # a marker whose manifest is gone
    (failure,) = eventually(lambda: Batches(pipeline).failures(), SECONDS)
    assert failure.batch == batch
    assert f"batch {batch} has no manifest" in failure.error
    with dg.DagsterInstance.from_config(str(dagster_home())) as instance:
        runs = instance.get_runs(dg.RunsFilter(tags={"dagster/partition": batch}))
    assert [run.status for run in runs] == [dg.DagsterRunStatus.FAILURE] * 3
    assert {run.step_keys_to_execute for run in runs} == {None}
    assert failure.run_id == runs[0].run_id
