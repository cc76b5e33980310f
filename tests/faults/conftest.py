"""A pipeline and its queue, whose every AWS call goes through a proxy that can break it."""

import dagster as dg
import pytest

from resources import aws
from resources.queue import OVERTIME
from sensors import ticket_queue_sensor
from tests.faults.proxy import running_proxy
from tests.pipeline.conftest import Pipeline
from tests.pipeline.queueing import Queue
from tests.pipeline.quick_queue import QuickQueue
from tests.support import forget_clients


@pytest.fixture(scope="session")
def way(aws_endpoint):
    """A proxy in front of the local server for all tests."""
    with running_proxy(aws_endpoint) as running:
        yield running


@pytest.fixture
def proxy(way, settings, monkeypatch):
    """The way to the local server; this test's clients take it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", way.url)
    way.forget()
    yield way
    way.forget()
    forget_clients()  # what one has said to wait for, it says a minute later at the earliest


@pytest.fixture
def brisk(monkeypatch):
    """Ticks wait a second for a first message, and runs pause half a second at most."""
    monkeypatch.setattr(ticket_queue_sensor, "LONGEST_TICK", OVERTIME + 1)
    monkeypatch.setattr(aws, "LONGEST_PAUSE", 0.5)


@pytest.fixture
def queue(proxy, settings, brisk):
    with dg.DagsterInstance.ephemeral() as instance:
        yield QuickQueue(Pipeline(settings, instance))


@pytest.fixture
def shared_queue(proxy, settings, brisk, local_instance):
    """Over files, which several threads may use at a time."""
    return Queue(Pipeline(settings, local_instance))


@pytest.fixture
def pipeline(queue):
    return queue.pipeline
