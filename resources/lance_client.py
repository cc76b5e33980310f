"""How Lance reaches a bucket, how its failures are said, and texts as its SQL has them.

Its client of S3 is its own, in Rust. Nothing here loads boto3 or Dagster.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from resources.endpoint import endpoint, endpoint_name, is_local, region

MOST_SAID = 600  # characters; a server's answer may be quoted in it


class IndexUnavailable(RuntimeError):
    """The table cannot be read or written; one line says why."""


def preload() -> None:
    """Load Lance, for whoever has something else to do meanwhile."""
    import lance  # noqa: F401


def one_of(column: str, values: Iterable[str]) -> str:
    """The condition that `column` is one of `values`; empty where there are none."""
    listed = ", ".join(map(quoted, values))
    return f"{column} IN ({listed})" if listed else ""


def quoted(text: str) -> str:
    """A text as SQL has it."""
    return "'" + text.replace("'", "''") + "'"


def storage_options() -> dict[str, str]:
    """How Lance's client reaches the bucket: as boto3 would, with its own chain of credentials, but less patient."""
    url = endpoint()
    options = {"aws_region": region(), "connect_timeout": "3s", "timeout": "10s"}
    options |= {"client_max_retries": "3", "client_retry_timeout": "20"}
    if url:
        options |= {"aws_endpoint": url, "allow_http": "true"}
    if is_local(url) and "AWS_ACCESS_KEY_ID" not in os.environ:
        options |= {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return options


@contextmanager
def said() -> Iterator[None]:
    """Lance's errors as one line; its client names the request, never what a row holds."""
    try:
        yield
    except (OSError, RuntimeError, ValueError) as error:
        if isinstance(error, IndexUnavailable):
            raise
        line = " ".join(str(error).split())[:MOST_SAID]
        raise IndexUnavailable(f"the search index at {endpoint_name()}: {line}") from error
