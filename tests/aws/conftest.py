"""The table of a test's own settings, and the manager that writes to it."""

import pytest

from resources.dynamodb import DynamoDBTable
from resources.dynamodb_io import DynamoDBIOManager
from tests.support import store


@pytest.fixture
def table(settings):
    return DynamoDBTable(name=settings.table, hash_key="ticket_id", range_key="created_at")


@pytest.fixture
def manager(settings, table):
    return DynamoDBIOManager(table=table, sources=store(settings.raw_bucket))
