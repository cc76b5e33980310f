"""The same job with trivial assets: names, dependencies, sensors, queue and launcher are the pipeline's own.

Nothing is imported, read, inferred or stored but what the sensors need and what lets a benchmark see the end: the
batch's manifest, and an item a ticket.
"""

import dagster as dg

from resources.aws import client
from resources.object_store import S3ObjectStore
from resources.queue import SqsQueue
from sensors.batch_failure_sensor import build_batch_failure_sensor
from sensors.partition_pruning_sensor import build_partition_pruning_sensor
from sensors.ticket_queue_sensor import build_ticket_queue_sensor
from ticket_assets.assets.policy import ticket_asset
from ticket_assets.jobs import enrich_tickets
from ticket_assets.settings import load_settings
from ticket_assets.stores.batches import Batches

UPSTREAM = {
    "raw_tickets": [],
    "embedded_tickets": ["raw_tickets"],
    "classified_tickets": ["raw_tickets", "embedded_tickets"],
    "summarized_tickets": ["raw_tickets"],
    "enriched_tickets": ["raw_tickets", "embedded_tickets", "classified_tickets", "summarized_tickets"],
}


def trivial(name: str) -> dg.AssetsDefinition:
    """An asset of this name that does nothing."""

    @ticket_asset(name=name, deps=UPSTREAM[name], kinds=set(), code_version="1")
    def nothing() -> None:
        return None

    return nothing


@ticket_asset(deps=["enriched_tickets"], kinds=set(), code_version="1")
def ticket_metadata(context: dg.AssetExecutionContext, pipeline_store: S3ObjectStore) -> None:
    """An item for each ticket of the batch, of its key alone."""
    for key in Batches(pipeline_store).manifest(context.partition_key).keys:
        item = {"ticket_id": {"S": key.removesuffix(".json")}, "created_at": {"N": "0"}}
        client("dynamodb").put_item(TableName=settings.table, Item=item)


settings = load_settings()
defs = dg.Definitions(
    assets=[*map(trivial, UPSTREAM), ticket_metadata],
    jobs=[enrich_tickets],
    sensors=[
        build_ticket_queue_sensor(enrich_tickets, settings),
        build_batch_failure_sensor(enrich_tickets),
        build_partition_pruning_sensor(settings),
    ],
    resources={
        "queue": SqsQueue(name=settings.queue),
        "dead_letter_queue": SqsQueue(name=settings.dead_letter_queue),
        "raw_store": S3ObjectStore(bucket=settings.raw_bucket),
        "record_store": S3ObjectStore(bucket=settings.enriched_bucket),
        "pipeline_store": S3ObjectStore(bucket=settings.pipeline_bucket),
    },
    executor=dg.in_process_executor,
)
