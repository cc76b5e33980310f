"""How a run ended, read from what Dagster's own event log says of it.

Where a worker's process ends, its code server says with which exit code; where the code server is gone too, run
monitoring says so, as it does before it ends a run that takes too long. An exception says it itself, by the classes
of its chain of causes.
"""

import re
import signal

import dagster as dg
from botocore import exceptions as botocore
from dagster._core.events import DagsterEvent, RunFailureReason
from dagster_shared.error import SerializableErrorInfo

from resources.aws import CONNECTION, AwsUnavailable
from resources.aws_codes import CODES
from resources.fencing import Fenced
from sensors.verdicts import End

TELLING = {
    dg.DagsterEventType.STEP_FAILURE,
    dg.DagsterEventType.RUN_FAILURE,
    dg.DagsterEventType.RUN_CANCELING,
    dg.DagsterEventType.ENGINE_EVENT,
}
CRASH = re.compile(
    r"Run execution process for \S+ (?:was terminated by signal (\d+)|unexpectedly exited with code (\d+))"
)
# A stop asks nicely first, and a shell reports the signal as 128 more.
STOPPED = {number + offset for number in (signal.SIGTERM, signal.SIGINT) for offset in (0, 128)}
HOST = ("Detected run worker status FAILED", "Caught an unrecoverable error while dequeuing the run")
NEVER_RAN = {RunFailureReason.START_TIMEOUT, RunFailureReason.UNEXPECTED_TERMINATION}
OVERRUN = "Canceling due to exceeding maximum runtime"  # said first: the worker's interrupt and failure follow it
INTERRUPTS = {"DagsterExecutionInterruptedError", "KeyboardInterrupt"}
CREDENTIALS = (botocore.NoCredentialsError, botocore.PartialCredentialsError, botocore.TokenRetrievalError)
OUTAGES = {kind.__name__ for kind in (AwsUnavailable, *AwsUnavailable.__subclasses__())} | {
    name
    for name, thing in vars(botocore).items()
    if isinstance(thing, type) and issubclass(thing, CONNECTION + CREDENTIALS)
}
RESPONSE = re.compile(r"An error occurred \((\w+)\)")
BUSY = {
    "InternalError",
    "InternalFailure",
    "InternalServerError",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestTimeout",
    "ServiceUnavailable",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "500",
    "503",
}


def end_of(instance: dg.DagsterInstance, run: dg.DagsterRun) -> End:
    """How the run ended: the first of its events that tells; ERROR where none does."""
    if not run.is_finished:
        return End.GOING_ON
    if run.is_success:
        return End.SUCCEEDED
    events = [entry.dagster_event for entry in instance.all_logs(run.run_id, of_type=TELLING)]
    ends = [end for event in events if event and (end := _told_by(event))]
    if run.status == dg.DagsterRunStatus.CANCELED:  # which a worker that is ended for taking too long may write too
        return End.TOO_LONG if End.TOO_LONG in ends else End.CANCELED
    return next(iter(ends), End.ERROR)


def _told_by(event: DagsterEvent) -> End | None:
    if event.is_step_failure:
        return _of_error(event.step_failure_data.error)
    message = event.message or ""
    if crash := CRASH.search(message):
        return End.HOST_GONE if int(crash[1] or crash[2]) in STOPPED else End.PROCESS_DIED
    if message.startswith(OVERRUN):
        return End.TOO_LONG
    if message.startswith(HOST):
        return End.HOST_GONE
    if event.is_run_failure and event.event_specific_data:
        failure = event.job_failure_data
        return End.HOST_GONE if failure.failure_reason in NEVER_RAN else _of_error(failure.error)
    return None


def _of_error(error: SerializableErrorInfo | None) -> End:
    while error:
        name = error.cls_name or ""
        if name == Fenced.__name__:
            return End.FENCED
        if name in INTERRUPTS:
            return End.HOST_GONE
        response = RESPONSE.search(error.message)
        if name in OUTAGES or (response and (response[1] in BUSY or response[1] in CODES)):
            return End.OUTAGE
        error = error.cause
    return End.ERROR
