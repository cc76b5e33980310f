"""Stores and queues of a test's own, and the managers that write to them."""

import pytest

from resources.dynamodb import DynamoDBTable
from resources.dynamodb_io import DynamoDBIOManager
from resources.record_io import S3RecordIOManager
from tests.aws.queues import new_queue
from tests.support import store


@pytest.fixture
def table(settings):
    return DynamoDBTable(name=settings.table, hash_key="ticket_id", range_key="created_at")


@pytest.fixture
def manager(settings, table):
    return DynamoDBIOManager(table=table, sources=store(settings.raw_bucket))


@pytest.fixture
def objects(settings):
    return store(settings.pipeline_bucket)


@pytest.fixture
def record_io(settings):
    return S3RecordIOManager(
        records=store(settings.enriched_bucket),
        sources=store(settings.raw_bucket),
        receipts=store(settings.pipeline_bucket),
    )


@pytest.fixture
def queue(aws_endpoint):
    """An empty queue of its own, whose messages stay invisible once received."""
    return new_queue(VisibilityTimeout="60")
