"""Fencing: of two runs that write one file, the one that began later wins, whichever writes last.

A run that was thought dead may go on. A file says when the run that wrote it began, and a put is conditional on the
file that was looked at (compare and swap), so that nothing of a later run is ever replaced by an earlier one's.
"""

import time

import dagster as dg

from resources.object_store import S3ObjectStore
from resources.ordering import Outcome, retried

RUN, START = "run-id", "run-start"
NEVER_RETRY = {"dagster/max_retries": "0"}


class Fenced(RuntimeError):
    """A later run has written this run's file already: this run has nothing more to say, and is not retried."""


def run_start(instance: dg.DagsterInstance, run_id: str) -> float:
    """When the run began, in Unix seconds; a retry began later than the run that it retries."""
    record = instance.get_run_record_by_id(run_id)
    return (record and record.start_time) or time.time()


def put_fenced(context: dg.OutputContext, store: S3ObjectStore, key: str, body: bytes, content_type: str) -> None:
    """Put the file of the context's run unless a run that began later wrote it. Raises Fenced."""
    instance, run_id = context.step_context.instance, context.run_id
    start = run_start(instance, run_id)
    own = {RUN: run_id, START: f"{start:.6f}"}

    def attempt() -> Outcome:
        standing = store.head(key)
        if standing and float(standing.metadata.get(START, 0)) > start:
            instance.add_run_tags(run_id, NEVER_RETRY)
            raise Fenced(
                f"run {run_id} was replaced by run {standing.metadata[RUN]}, which began later and wrote "
                f"s3://{store.bucket}/{key}; its results stand"
            )
        etag = standing.etag if standing else None
        store.put(key, body, metadata=own, if_absent=standing is None, if_etag=etag, content_type=content_type)
        return Outcome.WRITTEN

    retried(attempt)
