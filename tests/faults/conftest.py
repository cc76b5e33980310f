"""A pipeline and its queue, whose every AWS call goes through a proxy that can break it."""

import pytest

from resources import aws
from resources.queue import OVERTIME
from sensors import ticket_queue_sensor
from tests.faults.proxy import running_proxy
from tests.pipeline.conftest import Pipeline
from tests.pipeline.queueing import Queue
from tests.support import forget_clients


@pytest.fixture
def proxy(settings, aws_endpoint, monkeypatch):
    """The way to the local server; this test's clients take it."""
    with running_proxy(aws_endpoint) as running:
        monkeypatch.setenv("AWS_ENDPOINT_URL", running.url)
        yield running
    forget_clients()  # and their open connections


@pytest.fixture
def queue(proxy, settings, local_instance, monkeypatch):
    """Its ticks wait three seconds for a first message, and its runs pause half a second at most."""
    monkeypatch.setattr(ticket_queue_sensor, "LONGEST_TICK", OVERTIME + 3)
    monkeypatch.setattr(aws, "LONGEST_PAUSE", 0.5)
    return Queue(Pipeline(settings, local_instance))


@pytest.fixture
def pipeline(queue):
    return queue.pipeline
