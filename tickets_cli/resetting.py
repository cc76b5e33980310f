"""Everything back to empty: buckets, queues, table, and Dagster's runs and partitions."""

import os
from collections.abc import Iterator

import dagster as dg
from botocore.exceptions import ClientError

from resources.aws import client, endpoint_name, error_code, is_local
from resources.object_store import S3ObjectStore
from resources.queue import SqsQueue
from ticket_assets.assets.policy import BATCHES
from ticket_assets.settings import Settings
from tickets_cli.layout import dagster_home, state_dir
from tickets_cli.provisioning import provision

RETRY_CURSORS = ("EVENT_LOG_CONSUMER_CURSOR-PIPELINE_FAILURE", "EVENT_LOG_CONSUMER_CURSOR-PIPELINE_SUCCESS")


def refusal() -> str | None:
    """Why a reset is refused here; None where the endpoint is this machine's own."""
    if is_local(os.environ.get("AWS_ENDPOINT_URL")):
        return None
    return f"{endpoint_name()} is not a local server: add --even-remote if you really mean to delete everything there"


def reset_everything(settings: Settings) -> Iterator[str]:
    """Empty every store, then make anew what is missing; yields a line for each."""
    for bucket in (settings.raw_bucket, settings.enriched_bucket, settings.pipeline_bucket):
        yield f"bucket {bucket}: {_empty(bucket)} objects deleted"
    for queue in (settings.queue, settings.dead_letter_queue):
        try:
            client("sqs").purge_queue(QueueUrl=SqsQueue(name=queue).url)
            yield f"queue {queue} purged"
        except ClientError as error:
            if "NonExistentQueue" not in error_code(error) and error_code(error) != "QueueDoesNotExist":
                raise
    yield _drop_table(settings.table)
    yield _forget_runs()
    for _ in provision(settings):
        pass
    yield "everything made anew"


def _empty(bucket: str) -> int:
    store = S3ObjectStore(bucket=bucket)
    try:
        return store.delete_versions(store.list_versions())
    except ClientError as error:
        if error_code(error) != "NoSuchBucket":
            raise
    return 0


def _drop_table(name: str) -> str:
    dynamodb = client("dynamodb")
    try:
        dynamodb.delete_table(TableName=name)
        dynamodb.get_waiter("table_not_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 120})
    except ClientError as error:
        if error_code(error) != "ResourceNotFoundException":
            raise
    return f"table {name} dropped"


def _forget_runs() -> str:
    home = dagster_home()
    if not (home / "dagster.yaml").exists():
        return f"Dagster: no instance in {home}"
    if not home.is_relative_to(state_dir()):
        return f"Dagster: {home}, which DAGSTER_HOME names, is not the local stack's and is left as it is"
    with dg.DagsterInstance.from_config(str(home)) as instance:
        partitions = instance.get_dynamic_partitions(BATCHES.name or "")
        for partition in partitions:
            instance.delete_dynamic_partition(BATCHES.name or "", partition)
        instance.wipe()
        # Event numbers begin anew; a retry daemon that remembers the old ones would overlook every failure till then.
        instance.daemon_cursor_storage.set_cursor_values(dict.fromkeys(RETRY_CURSORS, "0"))
    return f"Dagster: {len(partitions)} partitions and all runs forgotten"
