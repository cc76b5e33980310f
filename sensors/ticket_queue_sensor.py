"""Turns queue messages into batches, and batches into runs of `enrich_tickets`.

The order of its steps is what loses nothing: land the batch (manifest, then marker), only then delete the messages,
and request a run for every marker until that run is seen to have started. Whatever dies in between, messages come
again or markers stand; work done twice is harmless, since all writes are idempotent and ordered.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import islice
from threading import Event

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from resources.aws import aws_errors, concurrently, require_endpoint
from resources.object_store import S3ObjectStore
from resources.queue import OVERTIME, Message, SqsQueue
from sensors.dead_letters import DeadLetters, bad_message
from sensors.planning import batched, idle_seconds, intake, is_settled, requests, room
from sensors.stopping import announced
from ticket_assets.assets.policy import BATCHES, NEW_TICKETS, NO_NEW_TICKETS, PARTITION_TAG, QUEUE_SENSOR
from ticket_assets.settings import Settings
from ticket_assets.stores.batches import Batches
from ticket_assets.stores.quarantine import Quarantine

LONGEST_TICK = 27  # seconds; Dagster cuts a tick at 60
RUN_KEY_TAG = "dagster/run_key"
AFTER_BACKFILLS = {"dagster/priority": "-10"}  # deferred batches have more time still
AT_WORK = [getattr(dg.DagsterRunStatus, name) for name in ("QUEUED", "STARTING", "STARTED", "CANCELING")]


def build_ticket_queue_sensor(job: UnresolvedAssetJobDefinition, settings: Settings) -> dg.SensorDefinition:
    """The sensor, for the job and with the batching that `settings` say."""
    unsure = Event()  # the last landing failed

    @dg.sensor(
        name=QUEUE_SENSOR,
        job=job,
        minimum_interval_seconds=1,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Receives S3 events from the queue and requests a run for each batch of up to 256 tickets.",
    )
    def ticket_queue_sensor(
        context: dg.SensorEvaluationContext,
        queue: SqsQueue,
        dead_letter_queue: SqsQueue,
        raw_store: S3ObjectStore,
        pipeline_store: S3ObjectStore,
        record_store: S3ObjectStore,
    ) -> dg.SensorResult | dg.SkipReason:
        require_endpoint()
        quarantine = Quarantine(pipeline_store, record_store)
        dead_letters = DeadLetters(dead_letter_queue, raw_store, record_store, quarantine)
        with aws_errors(), ThreadPoolExecutor(1) as beside:
            drained = beside.submit(dead_letters.drain)
            tick = _Tick(context, settings, queue, Batches(pipeline_store), unsure)
            reason = tick.take_in(quarantine)
            tags = {**dict.fromkeys(tick.settle(), NEW_TICKETS), **dict.fromkeys(tick.defer(), AFTER_BACKFILLS)}
        for line in drained.result():
            context.log.warning(line)
        if not tags:
            return dg.SkipReason(reason or NO_NEW_TICKETS)
        context.log.info(f"requesting {len(tags)} batches: {', '.join(tags)}")
        return dg.SensorResult(
            run_requests=[dg.RunRequest(run_key=key, partition_key=key, tags=tags[key]) for key in tags],
            # Added again each time: one request for a partition that is not there would fail the whole tick.
            dynamic_partitions_requests=[BATCHES.build_add_request(list(tags))],
        )

    return ticket_queue_sensor


class _Tick:
    """One evaluation of the sensor."""

    def __init__(
        self, context: dg.SensorEvaluationContext, settings: Settings, queue: SqsQueue, batches: Batches, unsure: Event
    ) -> None:
        self._instance = context.instance
        self._log = context.log
        self._settings = settings
        self._queue = queue
        self._batches = batches
        self._unsure = unsure

    def take_in(self, quarantine: Quarantine) -> str | None:
        """Land what waits in the queue and acknowledge it; returns why not, where there is no room for more."""
        pending, queued = self.settle(), self._queued()
        waiting = {"pending": len(set(pending) - queued), "queued": len(queued)}
        size, most, slots = self._settings.batch_size, self._settings.max_pending_batches, self._slots()
        limit, reason = room(waiting, most, slots, size, self._queue.depth()["waiting"])
        if not limit:
            return reason
        if self._unsure.is_set():  # a message that is received five times and not landed is a dead letter
            self._batches.try_out()
        # All that Dagster's database has to say is asked before: were it away after, the messages would be stranded.
        free = self._free(slots)
        # With batches to see off, the tick must end soon; else it can wait for the first message, at no cost.
        messages = self._gather(0 if pending else LONGEST_TICK - OVERTIME - self._settings.batch_window_seconds, limit)
        found = intake(messages, self._settings.raw_bucket)
        for reason, count in found.dropped.items():
            self._log.info(f"{count} messages dropped: {reason}")
        self._unsure.set()
        bad = [message for message in messages if message.message_id in found.bad]
        concurrently(lambda m: quarantine.add_message(bad_message(m, found.bad[m.message_id])), bad)
        for keys in batched(found.keys, size, free if len(messages) < limit else 0):
            self._batches.land(self._settings.raw_bucket, keys)
        self._unsure.clear()
        kept = self._queue.delete(messages)
        if kept:
            lost = f"{len(kept)} of {len(messages)} messages could not be deleted"
            self._log.warning(f"{lost} and come again, which is harmless")
        return None

    def _gather(self, first_wait: float, limit: int) -> list[Message]:
        """What the queue has, once a batch may be landed: a window after the last one, which its key tells."""
        size, window = self._settings.batch_size, self._settings.batch_window_seconds
        recent = list(self._batches.since(int(time.time() - window)))
        return self._queue.drain(
            first_wait,
            window,
            limit,
            enough=lambda: announced(self._instance),
            settled=lambda count: is_settled(count, size, idle_seconds(recent, datetime.now(UTC)), window),
        )

    def settle(self) -> list[str]:
        """Clear the markers of batches whose run has started; returns the batches to request."""
        pending = self._batches.pending()
        decided = requests(pending, self._past_start(pending))
        for batch in decided.started:
            self._batches.clear_pending(batch)
        return decided.request

    def defer(self) -> list[str]:
        """The deferred batches to request: none while runs of new tickets wait, and only a few at a time."""
        most = self._settings.max_pending_batches
        first = list(islice(self._batches.deferred(), most))
        decided = requests(first, self._past_start(first))
        for batch in decided.started:
            self._batches.clear_deferred(batch)
        if not decided.request or self._queued():
            return []
        at_work = self._instance.get_runs_count(dg.RunsFilter(statuses=AT_WORK, tags=AFTER_BACKFILLS))
        return decided.request[: max(0, most - at_work)]

    def _slots(self) -> int:
        """How many runs may go on at a time; where nothing limits them, as many as batches may wait."""
        limits = self._instance.get_concurrency_config().run_queue_config
        most = limits.max_concurrent_runs if limits else -1
        return most if most > 0 else self._settings.max_pending_batches

    def _free(self, slots: int) -> int:
        return max(0, slots - self._instance.get_runs_count(dg.RunsFilter(statuses=AT_WORK)))

    def _queued(self) -> set[str]:
        """The batches of new tickets whose runs wait; a backfill's runs hold nothing back."""
        runs = self._instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED], tags=NEW_TICKETS))
        return {run.tags[PARTITION_TAG] for run in runs}

    def _past_start(self, pending: list[str]) -> set[str]:
        if not pending:
            return set()
        runs = self._instance.get_runs(dg.RunsFilter(tags={RUN_KEY_TAG: pending}))
        return {run.tags[RUN_KEY_TAG] for run in runs if run.status != dg.DagsterRunStatus.NOT_STARTED}
