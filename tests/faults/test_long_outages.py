"""Outages that last: what waits for their end ends with its caller, and what cannot wait gives up in time."""

import time

import dagster as dg
import pytest

from resources import aws, patience
from resources.aws import READ_SECONDS, RETRIES, AwsUnreachable, concurrently, region
from resources.queue import LONGEST_POLL, SqsQueue
from sensors.ticket_queue_sensor import LONGEST_TICK
from tests.conftest import own_settings
from tests.fakes import FirstWords, fake_suite
from tests.faults.books import assert_books_balance, warnings
from tests.faults.proxy import DOWN, SILENT, THROTTLED, Proxy
from tests.pipeline.conftest import Pipeline
from tests.support import eventually, forget_clients

DAGSTER_CUTS = 60  # seconds after a tick's start


@pytest.fixture
def short_reads(monkeypatch):
    """Clients that wait half a second for an answer."""
    monkeypatch.setattr(aws, "READ_SECONDS", 0.5)
    forget_clients()
    yield
    forget_clients()


def test_a_tick_whose_server_accepts_and_never_answers_ends_in_one_line(queue, proxy, short_reads):
    queue.pipeline.put("t1")
    assert eventually(lambda: queue.queue.depth()["waiting"])
    for operation in ("", "sqs.ReceiveMessage", "s3.PUT pipeline"):
        proxy.forget()
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


class Outage(FirstWords):
    """A summarizer during whose work what `pattern` names begins to fail, for a while."""

    proxy: str
    pattern: str
    answer: str

    def summarize(self, texts, contexts=()):
        RUNNING[self.proxy].fail(self.pattern, ANSWERS[self.answer], seconds=LASTS)
        return super().summarize(texts, contexts)


RUNNING: dict[str, Proxy] = {}
ANSWERS = {"throttles PutItem": THROTTLED, "cannot reach": DOWN}
LASTS = 60  # seconds


def test_a_minute_of_throttles_at_the_table_alone_and_a_minute_without_server_are_each_waited_out(proxy):
    RUNNING[proxy.url] = proxy

    def outlive(words: str) -> list[str]:
        settings = own_settings()
        own = settings.table.removeprefix("table-")  # in the name of all that is this pipeline's: its whole server
        pattern = f".*{own}" if ANSWERS[words] is DOWN else f"dynamodb.PutItem .*{own}"
        with dg.DagsterInstance.ephemeral() as instance:
            pipeline = Pipeline(settings, instance)
            batch = pipeline.land(*[pipeline.put(f"t{n}") for n in range(3)])
            outage = Outage(proxy=proxy.url, pattern=pattern, answer=words)
            began = time.monotonic()
            result = pipeline.run(batch, fake_suite(summarizer=outage))
            assert result.success
            assert time.monotonic() - began > LASTS
            pipeline.batches.clear_pending(batch)
            queue = SqsQueue(name=settings.queue)
            queue.delete(queue.drain(1, 1, 100))  # the batch was landed without them
            assert_books_balance(pipeline)
            return warnings(instance, result.run_id)

    # Side by side, to save time; of two runs in one process either may get what is said of both.
    said = [line for lines in concurrently(outlive, ANSWERS) for line in lines]
    assert all(any(words in line and proxy.url in line for line in said) for words in ANSWERS), said


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
