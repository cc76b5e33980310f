"""Asks queue, batches and Dagster's database how long the oldest ticket has been waiting. About ten small requests."""

import time
from itertools import islice

import dagster as dg
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.scheduler.instigation import TickStatus
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

from resources.object_store import S3ObjectStore
from resources.queue import SqsQueue
from ticket_assets.assets.policy import NEW_TICKETS, NO_NEW_TICKETS, PARTITION_TAG, QUEUE_SENSOR
from ticket_assets.assets.runs import is_new
from ticket_assets.domain.waiting import Oldest, Seen, oldest_waiting
from ticket_assets.stores.batches import Batches

TICKS = 20  # that are searched for one which found the queue empty
RUNS = 100  # that are searched for the newest batch
ASKED = 4  # of its tickets, for when they were put
LISTED = 1_000


def waiting(queue: SqsQueue, batches: Batches, raw: S3ObjectStore, instance: dg.DagsterInstance) -> Oldest:
    """The oldest waiting ticket, and for how long at most it has been waiting."""
    messages = sum(queue.depth().values())
    pending = batches.pending()
    at_work = _batches(instance, dg.RunsFilter(statuses=list(NOT_FINISHED_STATUSES), tags=NEW_TICKETS))
    if not messages:
        return oldest_waiting(Seen(0, {*pending, *at_work}), time.time())
    newest = max({*pending, *_newest(instance)}, default=None)
    emptied, received = _emptied(instance), _newest_put(batches, raw, newest)
    known = emptied is not None or received is not None
    seen = Seen(messages, {*pending, *at_work}, emptied, received, None if known else _first_put(raw))
    return oldest_waiting(seen, time.time())


def _batches(instance: dg.DagsterInstance, wanted: dg.RunsFilter) -> set[str]:
    return {run.tags[PARTITION_TAG] for run in instance.get_runs(wanted) if PARTITION_TAG in run.tags}


def _newest(instance: dg.DagsterInstance) -> set[str]:
    """The batches of new tickets among the last runs: asked for by tag, all runs there ever were would be looked at."""
    last = instance.get_runs(limit=RUNS)
    return {run.tags[PARTITION_TAG] for run in last if is_new(run) and PARTITION_TAG in run.tags}


def _emptied(instance: dg.DagsterInstance) -> float | None:
    """When the sensor last found its queue empty."""
    if instance.schedule_storage is None:  # an instance in memory, which runs no sensors
        return None
    for state in instance.all_instigator_state(instigator_type=InstigatorType.SENSOR):
        if state.instigator_name == QUEUE_SENSOR:
            skipped = instance.get_ticks(
                state.instigator_origin_id, state.selector_id, limit=TICKS, statuses=[TickStatus.SKIPPED]
            )
            return next((tick.end_timestamp or tick.timestamp for tick in skipped if _found_nothing(tick)), None)
    return None


def _found_nothing(tick: object) -> bool:
    return getattr(tick, "skip_reason", None) == NO_NEW_TICKETS


def _newest_put(batches: Batches, raw: S3ObjectStore, batch: str | None) -> float | None:
    """When the newest of some of a batch's tickets was put."""
    manifest = next(batches.manifests([batch]), None) if batch else None
    if manifest is None:
        return None
    keys = manifest.keys[:: max(1, len(manifest.keys) // ASKED)]
    times = [version.last_modified for key in {*keys, manifest.keys[-1]} if (version := raw.head(key))]
    return max(times, default=None)


def _first_put(raw: S3ObjectStore) -> float | None:
    return min((found.last_modified for found in islice(raw.list_objects(), LISTED)), default=None)
