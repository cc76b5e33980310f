"""A whole pipeline over the real local server, with an ephemeral Dagster instance and fakes for the models."""

import json
import shutil
import time
from typing import Any

import dagster as dg
import pytest

from resources.dynamodb import from_item
from tests.fakes import fake_suite
from ticket_assets.assets.policy import BATCHES
from ticket_assets.definitions import ASSETS, build_stores
from ticket_assets.settings import variable
from ticket_assets.stores.batches import Batches
from ticket_assets.stores.quarantine import Quarantine

LONG = (
    "I have been trying to reach you since Monday and nobody has answered me, so please do have a look at this soon. "
)


def ticket(ticket_id: str, **fields: object) -> dict:
    """A valid raw ticket; `fields` replace some."""
    return {
        "ticket_id": ticket_id,
        "subject": f"login_issue of {ticket_id}",
        "body": f"{ticket_id}: {LONG}",
        "created_at": 1_760_000_000,
        "customer_id": "CUST-1",
        **fields,
    }


class Pipeline:
    """Puts objects, runs batches, and looks into the stores as a reader would."""

    def __init__(self, settings, instance) -> None:
        self.settings = settings
        self.instance = instance
        self.stores = build_stores(settings)
        self.raw, self.records, self.store = (self.stores[f"{n}_store"] for n in ("raw", "record", "pipeline"))
        self.batches = Batches(self.store)
        self.quarantine = Quarantine(self.store, self.records)

    def put(self, ticket_id: str, **fields: object) -> str:
        key = f"{ticket_id}.json"
        self.raw.put(key, json.dumps(ticket(ticket_id, **fields)).encode())
        return key

    def land(self, *keys: str) -> str:
        batch = self.batches.land(self.settings.raw_bucket, keys).batch
        self.instance.add_dynamic_partitions(BATCHES.name, [batch])
        return batch

    def run(self, batch: str, suite=None, **options: Any) -> dg.ExecuteInProcessResult:
        resources = {**self.stores, "models": suite or fake_suite()}
        return dg.materialize(ASSETS, partition_key=batch, instance=self.instance, resources=resources, **options)

    def enrich(self, *keys: str, suite=None) -> dg.ExecuteInProcessResult:
        return self.run(self.land(*keys), suite)

    def record(self, ticket_id: str) -> dict | None:
        found = self.records.find(f"{ticket_id}.json")
        return json.loads(found.body) if found else None

    def items(self, ticket_id: str) -> list[dict]:
        return [from_item(item) for item in self.stores["table"].items(ticket_id)]

    def next_second(self) -> None:
        """Wait until a put gets a later LastModified, which S3 gives in whole seconds."""
        now = int(time.time())
        while int(time.time()) == now:
            time.sleep(0.02)


@pytest.fixture
def pipeline(settings):
    with dg.DagsterInstance.ephemeral() as instance:
        yield Pipeline(settings, instance)


@pytest.fixture
def named(pipeline, monkeypatch):
    """The pipeline's stores under the names that a command reads from its environment."""
    for name in ("raw_bucket", "enriched_bucket", "pipeline_bucket", "table"):
        monkeypatch.setenv(variable(name), getattr(pipeline.settings, name))
    return pipeline


@pytest.fixture
def queue(settings, empty_home, tmp_path):
    """The queue sensor over an instance that runs two batches at a time."""
    from tests.pipeline.queueing import Queue  # which needs this file

    coordinator = {
        "module": "dagster.core.run_coordinator",
        "class": "QueuedRunCoordinator",
        "config": {"max_concurrent_runs": 2},
    }
    shutil.copytree(empty_home, tmp_path, dirs_exist_ok=True)
    with dg.DagsterInstance.local_temp(str(tmp_path), overrides={"run_coordinator": coordinator}) as instance:
        yield Queue(Pipeline(settings, instance))
