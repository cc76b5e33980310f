"""Literal tickets, rows, records and stamps that several test files start from, and a bounded wait."""

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import dagster as dg
import pytest

from resources import aws, patience
from resources.object_store import S3ObjectStore
from resources.ordering import Record, Stamp
from ticket_assets.domain.items import table_item
from ticket_assets.domain.models import EMBEDDING_DIMENSION, EnrichedTicket, TicketItem
from ticket_assets.domain.rows import Provenance
from tickets_cli.processes import free_port

Seen = TypeVar("Seen")

# Of an instance: else a server that still ends when Python collects its handle is an error of whichever test is next.
WAITS_FOR_CODE_SERVERS = {"code_servers": {"wait_for_local_processes_on_shutdown": True}}
SOONEST, LATEST = 0.05, 0.3  # seconds between two looks of a wait
UNIT_VECTOR = [1.0] + [0.0] * (EMBEDDING_DIMENSION - 1)
TICKET = {
    "ticket_id": "T-1",
    "subject": "Cannot log in",
    "body": "The reset mail never comes.",
    "created_at": 1_700_000_000,
    "customer_id": "C-1",
}
ENRICHMENT = {
    "embedding": UNIT_VECTOR,
    "intent": "login_issue",
    "intent_confidence": 0.75,
    "urgency": "high",
    "urgency_confidence": 0.5,
    "sentiment": "NEGATIVE",
    "sentiment_confidence": 1.0,
    "summary": "Reset mail is missing.",
    "processed_at": "2026-01-02T03:04:05Z",
    "model_version": "v1",
}


def ticket_json(**changes: object) -> bytes:
    """A valid ticket's object, with some fields changed."""
    return json.dumps({**TICKET, **changes}).encode()


def enriched_ticket(**changes: object) -> EnrichedTicket:
    """A whole record, with some raw fields changed."""
    return EnrichedTicket.model_validate({**TICKET, "enrichment": ENRICHMENT, **changes})


def provenance(**changes: Any) -> Provenance:
    """What rows were made from, with some fields changed."""
    return Provenance(**{"etag": "e1", "last_modified": 100, "read_at": 101.5, "model_version": "v1", **changes})


def stamp(last_modified: int, read_at: float = 1.0, run_start: float = 1.0, etag: str = "") -> Stamp:
    """A record's age; the source's ETag differs with its LastModified unless it is given."""
    return Stamp(last_modified=last_modified, read_at=read_at, run_start=run_start, etag=etag or f"e{last_modified}")


def store(bucket: str) -> S3ObjectStore:
    """The objects of a bucket."""
    return S3ObjectStore(bucket=bucket)


def told(result: dg.ExecuteInProcessResult, asset: str) -> dict[str, Any]:
    """The values that the asset's one materialization carries as metadata."""
    (event,) = result.asset_materializations_for_node(asset)
    return {name: entry.value for name, entry in event.metadata.items()}


def eventually(look: Callable[[], Seen], seconds: float = 20, every: float = SOONEST) -> Seen:
    """What `look` finds, soon after it is something; its last answer when the time is up.

    It looks at most `every` so many seconds, and less often the longer it takes: a wait leaves the machine to what it
    waits for.
    """
    began = time.monotonic()
    while not (seen := look()) and (waited := time.monotonic() - began) < seconds:
        time.sleep(max(every, min(waited / 20, LATEST)))
    return seen


def forget_clients() -> None:
    """Let every client be made anew: those at hand know another endpoint, or are not listened to."""
    aws._client.cache_clear()
    patience.patient_client.cache_clear()


@contextmanager
def unplugged() -> Iterator[None]:
    """Nothing listens where AWS is looked for."""
    with pytest.MonkeyPatch.context() as broken:
        broken.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
        yield


def tick_of(
    sensor: dg.SensorDefinition,
    instance: dg.DagsterInstance,
    definitions: dg.Definitions,
    stores: Mapping[str, Any],
) -> Any:
    """What the sensor answers to the daemon."""
    with dg.SensorEvaluationContext(
        instance_ref=instance.get_ref(),
        repository_def=definitions.get_repository_def(),
        resources={name: stores[name] for name in sensor.required_resource_keys},
    ) as context:
        return sensor.evaluate_tick(context)


def item_record(age: Stamp, created_at: int = 100, batch: str = "b-1", **changes: object) -> Record[TicketItem]:
    """The record of a literal ticket's item, of this age."""
    item = table_item(enriched_ticket(created_at=created_at, **changes), batch)
    key = f"{item.ticket_id}.json"
    return Record[TicketItem](key=key, source=key, stamp=age, body=item)


def index_record(number: int, age: Stamp, embedder: str = "embedder@1", **changes: Any) -> Record[EnrichedTicket]:
    """The record of ticket T-<number>, of this age; its vector turns with the number, T-0's is UNIT_VECTOR."""
    angle = number / 100
    vector = [math.cos(angle), math.sin(angle), *UNIT_VECTOR[2:]]
    made = {**ENRICHMENT, "embedding": vector, "model_version": f"fake/{embedder}/other@1"}
    labels = {name: changes.pop(name) for name in set(changes) & made.keys()}
    body = enriched_ticket(ticket_id=f"T-{number}", enrichment={**made, **labels}, **changes)
    key = f"T-{number}.json"
    return Record[EnrichedTicket](key=key, source=key, stamp=age, labels={"batch": "b-1"}, body=body)
