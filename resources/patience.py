"""Patience with AWS: in a run, a call that meets an outage or a throttle waits for its end, up to 15 minutes.

It sits at botocore's own decision whether to send a request again, below everything that a run calls: adapters need
no loop, and of 256 concurrent writes only those that were throttled are sent again. Sensors and commands stay
impatient, since their caller has only seconds; a program that starts before AWS is there waits by `patiently`.
"""

import time
from collections.abc import Callable
from typing import Any, TypeVar

import dagster as dg
from botocore.exceptions import ClientError
from pydantic import PrivateAttr

from resources.aws import (
    PASSING,
    AwsUnavailable,
    AwsUnreachable,
    Once,
    aws_errors,
    backoff,
    client,
    endpoint,
    is_given_up,
    new_client,
    region,
    require_endpoint,
    unavailable,
)

Result = TypeVar("Result")

OUTAGE_SECONDS = 15 * 60.0
READ_SECONDS = 30.0  # a server that is slow to answer is not asked again sooner
SAID_AGAIN = 60.0  # seconds after which a wait is told again


class PatientResource(dg.ConfigurableResource):
    """A resource whose calls are patient in a run, and fail there as AwsUnavailable."""

    _in_run: bool = PrivateAttr(default=False)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Dagster calls this before a run and before a sensor's tick, which has no run."""
        self._in_run = context.run is not None

    def aws(self, service: str) -> Any:
        """The client of `service` for where this resource is used. Raises BadEndpoint."""
        return patient_client(service, endpoint(), region(), OUTAGE_SECONDS) if self._in_run else client(service)


@Once
def patient_client(service: str, url: str | None, region_name: str, seconds: float) -> Any:
    """A client whose calls wait up to `seconds` for the end of an outage or a throttle.

    What lasts longer, and what no waiting mends, such as expired credentials, is raised as AwsUnavailable.
    """
    made = new_client(service, url, region_name, READ_SECONDS)
    events = made.meta.events
    # Botocore's own retries are asked first: ours begin where they give up.
    events.register("needs-retry", _Patience(seconds).pause)
    events.register("after-call", _raise_refusal)
    events.register("after-call-error", _raise_failure)
    return made


class _Patience:
    """Decides whether a failed request is sent again, and after how long."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._said: dict[str, float] = {}
        self._log = dg.get_dagster_logger("aws")

    def pause(self, *, response: Any, caught_exception: Any, request_dict: Any, operation: Any, **_: Any) -> Any:
        """Seconds to wait before the next try; None where there is none, or nobody who waits for it."""
        error = caught_exception or _refusal(response[0].status_code, response[1], operation.name)
        said = error and unavailable(error)
        if not isinstance(said, PASSING) or is_given_up():
            return None
        # A request has one context for all its tries.
        since, failures = request_dict["context"].setdefault("patience", (time.monotonic(), 0))
        request_dict["context"]["patience"] = (since, failures + 1)
        pause = backoff(failures)
        if time.monotonic() + pause > since + self._seconds:
            return None
        self._say(str(said))
        return pause

    def _say(self, line: str) -> None:
        now = time.monotonic()
        if now - self._said.get(line, -SAID_AGAIN) >= SAID_AGAIN:
            self._said[line] = now
            self._log.warning(f"waiting: {line}")


def _refusal(status: int, parsed: Any, operation: str) -> ClientError | None:
    return ClientError(parsed, operation) if status >= 300 else None  # noqa: PLR2004 - as botocore decides


def _raise_refusal(*, http_response: Any, parsed: Any, model: Any, **_: Any) -> None:
    error = _refusal(http_response.status_code, parsed, model.name)
    said = error and unavailable(error)
    if said:
        raise said


def _raise_failure(*, exception: Exception, **_: Any) -> None:
    said = unavailable(exception)
    if said:
        raise said from None


def patiently(
    work: Callable[[], Result],
    seconds: float,
    say: Callable[[str], None],
    mends: type[AwsUnavailable] = AwsUnreachable,
) -> Result:
    """`work`, tried again for so many seconds while it raises `mends`, with growing pauses of random length.

    `say` is told each reason when it changes. Raises what `work` raised last.
    """
    deadline, failures, said = time.monotonic() + seconds, 0, ""
    while True:
        try:
            require_endpoint()
            with aws_errors():
                return work()
        except mends as error:
            pause = backoff(failures)
            if time.monotonic() + pause > deadline:
                raise
            if str(error) != said:
                said = str(error)
                say(f"waiting: {said}")
        time.sleep(pause)
        failures += 1
