"""A pipeline and its queue, whose every AWS call goes through a proxy that can break it."""

import dagster as dg
import pytest

from tests.faults.proxy import running_proxy
from tests.pipeline.conftest import Pipeline
from tests.pipeline.test_queue_sensor import Queue


@pytest.fixture
def proxy(settings, aws_endpoint, monkeypatch):
    """The way to the local server; this test's clients take it."""
    with running_proxy(aws_endpoint) as running:
        monkeypatch.setenv("AWS_ENDPOINT_URL", running.url)
        yield running


@pytest.fixture
def queue(proxy, settings, tmp_path):
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        yield Queue(Pipeline(settings, instance))


@pytest.fixture
def pipeline(queue):
    return queue.pipeline
