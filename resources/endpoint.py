"""Which AWS the environment names: endpoint and region, and how it is said that nothing answers there.

It does not load boto3: a command that must answer within a second reads it.
"""

import functools
import os
import socket
from pathlib import Path
from urllib.parse import urlsplit

LOCAL_HOSTS = {"localhost", "127.0.0.1", "::1"}
DEFAULT_REGION = "us-east-1"
FILES = ("~/.aws/config", "~/.aws/credentials")  # where boto3 finds a profile, unless the environment names others


class AwsUnavailable(RuntimeError):
    """AWS cannot be reached or refuses us; one line names the endpoint, the cause and the remedy."""


class BadEndpoint(ValueError):
    """AWS_ENDPOINT_URL is no URL; the message says what it accepts."""


class AwsUnreachable(AwsUnavailable):
    """Nothing answers at the endpoint, or only errors of its own: it may be back in a minute."""


class AwsThrottled(AwsUnavailable):
    """AWS asks us to call less often: it passes by itself, or limits must be raised."""


def endpoint() -> str | None:
    """AWS_ENDPOINT_URL, None for real AWS. Raises BadEndpoint where it is no URL of a server."""
    url = os.environ.get("AWS_ENDPOINT_URL") or None
    try:
        place = urlsplit(url or "")
        good = url is None or (place.scheme in {"http", "https"} and place.hostname and (place.port or True))
    except ValueError:
        good = False
    if not good:
        raise BadEndpoint(f"AWS_ENDPOINT_URL={url!r} is no URL: it accepts one such as http://localhost:4566")
    return url


def region() -> str:
    """AWS_REGION, AWS_DEFAULT_REGION, the profile's region or us-east-1, the first that is set."""
    named = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    profile, file = os.environ.get("AWS_PROFILE"), os.environ.get("AWS_CONFIG_FILE")
    return named or _profile_region(profile, file) or DEFAULT_REGION


@functools.lru_cache
def _profile_region(profile: str | None, file: str | None) -> str | None:
    if not (profile or file or any(Path(name).expanduser().is_file() for name in FILES)):
        return None
    import boto3  # half a second, which a command on a machine without profiles saves

    return boto3.Session().region_name


def endpoint_name() -> str:
    """What an error or a status line calls the other side."""
    return os.environ.get("AWS_ENDPOINT_URL") or f"AWS ({region()})"


def is_local(endpoint: str | None) -> bool:
    """Whether `endpoint` is a server on this machine."""
    return endpoint is not None and urlsplit(endpoint).hostname in LOCAL_HOSTS


def require_endpoint() -> None:
    """Raise AwsUnavailable at once where AWS_ENDPOINT_URL names a server that accepts no connection.

    boto3 would find out too, but only after its retries, which are there for a server that is busy.
    """
    url = endpoint()
    if url is None:
        return
    place = urlsplit(url)
    try:
        socket.create_connection((place.hostname, place.port or (443 if place.scheme == "https" else 80)), 3).close()
    except OSError as error:
        raise AwsUnreachable(f"{unreachable(url)} ({error.strerror or error})") from None


def unreachable(where: str) -> str:
    """The line for a server that does not answer."""
    return f"cannot reach {where}: is it running, and is AWS_ENDPOINT_URL right?"
