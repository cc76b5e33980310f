"""How this project talks to AWS: one client a service, with timeouts and retries, and failures said in one line.

boto3 itself reads AWS_ENDPOINT_URL and the standard credential chain; nothing here overrides either.
"""

import functools
import random
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import Any, Generic, TypeVar

import boto3
from botocore import exceptions as botocore
from botocore.config import Config
from botocore.loaders import create_loader
from botocore.session import get_session

from resources.aws_codes import CODES, FAILING, HEAD_CODES, THROTTLES
from resources.endpoint import (  # noqa: F401 - most of the project takes these from here
    DEFAULT_REGION,
    AwsThrottled,
    AwsUnavailable,
    AwsUnreachable,
    BadEndpoint,
    endpoint,
    endpoint_name,
    is_local,
    region,
    require_endpoint,
    unreachable,
)

Item = TypeVar("Item")
Result = TypeVar("Result")

WORKERS = 16
LONGEST_PAUSE = 15.0  # seconds between two tries
# A server that never answers costs a call of a sensor's tick RETRIES + 1 such waits, and 7 s of pauses at most.
READ_SECONDS = 6.0  # longer than the longest poll of a queue
RETRIES = 3  # 3.5 s of pauses in the mean
CONNECTION = (botocore.ConnectionError, botocore.HTTPClientError, botocore.IncompleteReadError)
SERVER_ERROR = 500  # HTTP: the server's own fault

_thread = threading.local()  # of a thread of `concurrently`: what says that its callers wait no longer
PASSING = (AwsUnreachable, AwsThrottled)  # what a call may wait out


def client(service: str) -> Any:
    """The process's client of `service`, for the endpoint and region that the environment names now.

    Raises BadEndpoint.
    """
    return _client(service, endpoint(), region())


class Once(Generic[Result]):
    """`make` as a cache that threads share: one makes a client while the others wait, instead of one each."""

    def __init__(self, make: Callable[..., Result]) -> None:
        self._lock, self._cached = threading.Lock(), functools.lru_cache(make)
        self.cache_clear = self._cached.cache_clear

    def __call__(self, *arguments: Any) -> Result:
        """What `make` gave for these arguments, the first time."""
        with self._lock:
            return self._cached(*arguments)


@Once
def _client(service: str, endpoint: str | None, region_name: str) -> Any:
    return new_client(service, endpoint, region_name)


@Once
def _descriptions() -> Any:
    """What botocore's files say of the services: reading them, per session, is nine tenths of a client's cost."""
    return create_loader()


def new_client(service: str, endpoint: str | None, region_name: str, read_seconds: float | None = None) -> Any:
    """A client of `service` that gives a busy server a few seconds; `client` gives the process's shared one.

    An answer must begin within `read_seconds`, READ_SECONDS where none are given.
    """
    core = get_session()
    core.register_component("data_loader", _descriptions())
    session = boto3.Session(botocore_session=core)
    # A local server checks no credentials, but boto3 signs nothing without some.
    invented = "test" if is_local(endpoint) and session.get_credentials() is None else None
    config = Config(
        connect_timeout=3,
        read_timeout=read_seconds or READ_SECONDS,
        # Not "adaptive", whose rate of one request in 2 s, shared by all threads after a throttle, made a tick's
        # eight pollers take a minute.
        retries={"mode": "standard", "max_attempts": RETRIES},
        max_pool_connections=2 * WORKERS,
        tcp_keepalive=True,
    )
    return session.client(
        service,  # pyright: ignore[reportArgumentType, reportCallIssue] - its stubs know names, not strings
        region_name=region_name,
        endpoint_url=endpoint,
        config=config,
        aws_access_key_id=invented,
        aws_secret_access_key=invented,
    )


def error_code(error: botocore.ClientError) -> str:
    """AWS's code for an error response, such as NoSuchKey or 412."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def aws_errors() -> Iterator[None]:
    """Turn what is no fault of a request (no server, no credentials, nothing set up) into AwsUnavailable."""
    try:
        yield
    except (botocore.BotoCoreError, botocore.ClientError) as error:
        said = unavailable(error)
        if said is None:
            raise
        raise said from None


def unavailable(error: Exception) -> AwsUnavailable | None:
    """`error` as what it says of AWS; None where it is about the one request."""
    line = explain(error)
    if line is None:
        return None
    if isinstance(error, botocore.ClientError) and error_code(error) in THROTTLES:
        return AwsThrottled(line)
    return (AwsUnreachable if isinstance(error, CONNECTION) or _is_servers_fault(error) else AwsUnavailable)(line)


def backoff(failures: int) -> float:
    """Seconds to pause after so many failures in a row: exponential, of random length down to none ("full jitter")."""
    return random.uniform(0, min(LONGEST_PAUSE, 2.0 ** min(failures, 9)))


def explain(error: Exception) -> str | None:
    """One line for an operator: endpoint, cause, remedy. None where `error` is not an operator's to mend."""
    where = endpoint_name()
    match error:
        case botocore.ConnectionError() | botocore.HTTPClientError() | botocore.IncompleteReadError():
            return unreachable(where)
        case botocore.ProfileNotFound():
            return f"AWS_PROFILE names a profile that is not there: {error}"
        case botocore.NoCredentialsError() | botocore.PartialCredentialsError() | botocore.TokenRetrievalError():
            return f"no credentials for {where}: log in, or set AWS_PROFILE or AWS_ACCESS_KEY_ID"
        case botocore.ClientError():
            code = error_code(error)
            known = FAILING if code not in CODES and _is_servers_fault(error) else CODES.get(code)
            known = HEAD_CODES.get(code) if error.operation_name.startswith("Head") and known is None else known
            return known and known.format(where=where, operation=error.operation_name, code=code)
    return None


def _is_servers_fault(error: Exception) -> bool:
    response = error.response if isinstance(error, botocore.ClientError) else {}
    return response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= SERVER_ERROR


def in_groups(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """The items in lists of `size`, the last one shorter, as they come: an endless iterable is no trouble."""
    left = iter(items)
    while group := list(islice(left, size)):
        yield group


def concurrently(work: Callable[[Item], Result], items: Iterable[Item], workers: int = WORKERS) -> list[Result]:
    """`work` of each item, in the items' order, `workers` at a time. The first failure is raised.

    Then, as after an interrupt, what is at work is waited for, but waits out no outage any more (`is_given_up`).
    """
    given_up = threading.Event()
    callers = (*_callers(), given_up)
    with ThreadPoolExecutor(workers, initializer=setattr, initargs=(_thread, "callers", callers)) as pool:
        try:
            return list(pool.map(work, items))
        except BaseException:
            given_up.set()
            raise


def is_given_up() -> bool:
    """Whether this thread's work is for a call of `concurrently` that failed or was interrupted."""
    return any(given_up.is_set() for given_up in _callers())


def _callers() -> tuple[threading.Event, ...]:
    return getattr(_thread, "callers", ())
