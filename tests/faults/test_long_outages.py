"""Outages that last: what waits for their end ends with its caller, and what cannot wait gives up in time."""

import time

import pytest

from resources import patience
from resources.aws import concurrently, region
from tests.faults.proxy import DOWN
from tests.support import eventually


def test_an_interrupt_ends_the_wait_for_an_outage_in_all_threads(queue, proxy):
    s3 = patience.patient_client("s3", proxy.url, region(), 60.0)
    proxy.fail("", DOWN)

    def work(number: int) -> None:
        if number == 0:
            assert eventually(lambda: proxy.broken)
            raise KeyboardInterrupt
        concurrently(lambda bucket: s3.head_bucket(Bucket=bucket), ["b"])  # as quarantine does, of a thread of its own

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        concurrently(work, range(4))
    assert time.monotonic() - began < 30
