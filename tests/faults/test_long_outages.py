"""Outages that last: what waits for their end ends with its caller, and what cannot wait gives up in time."""

import time

import pytest

from resources import aws, patience
from resources.aws import READ_SECONDS, RETRIES, AwsUnreachable, concurrently, region
from resources.queue import LONGEST_POLL
from sensors.ticket_queue_sensor import LONGEST_TICK
from tests.faults.proxy import DOWN, SILENT
from tests.support import eventually, forget_clients

DAGSTER_CUTS = 60  # seconds after a tick's start


@pytest.mark.parametrize("operation", ["", "sqs.ReceiveMessage", "s3.PUT pipeline"])
def test_a_tick_whose_server_accepts_and_never_answers_ends_in_one_line(queue, proxy, monkeypatch, operation):
    queue.pipeline.put("t1")
    assert eventually(lambda: queue.queue.depth()["waiting"])
    monkeypatch.setattr(aws, "READ_SECONDS", 0.5)
    forget_clients()
    proxy.fail(operation, SILENT)

    began = time.monotonic()
    with pytest.raises(AwsUnreachable) as failure:
        queue.tick()

    assert time.monotonic() - began < DAGSTER_CUTS
    assert f"cannot reach {proxy.url}" in str(failure.value)
    assert "\n" not in str(failure.value)
    assert proxy.broken


def test_a_tick_whose_server_falls_silent_at_its_very_end_ends_before_dagster_cuts_it():
    pauses = sum(2**retry for retry in range(RETRIES))
    assert LONGEST_TICK + (RETRIES + 1) * READ_SECONDS + pauses < DAGSTER_CUTS
    assert LONGEST_POLL < READ_SECONDS / 2


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
