"""A ticket is forgotten while a run of its batch is in the middle of it: in the end nothing of it is anywhere."""

import threading
from collections.abc import Callable

import dagster as dg
import pytest

from resources.dynamodb_io import DynamoDBIOManager
from resources.parquet_io import S3ParquetIOManager
from resources.record_io import S3RecordIOManager
from tests.aws.cli.running import printed, tickets
from tests.traces import keep_versions, traces
from ticket_assets.assets.policy import BATCHES
from ticket_assets.domain.erasure import Wanted
from tickets_cli import runs_at_work
from tickets_cli.forgetting import Erasure

SECRET = "my diagnosis is nobody's business"
ARMED: dict[tuple[str, str], Callable[[], None]] = {}


def reached(when: str, context: dg.OutputContext) -> None:
    """The moment before or after an asset is stored; what is armed for it happens once."""
    ARMED.pop((when, context.asset_key.to_user_string()), lambda: None)()


class HookedRows(S3ParquetIOManager):
    def handle_output(self, context, obj):
        reached("before", context)
        super().handle_output(context, obj)
        reached("after", context)


class HookedRecords(S3RecordIOManager):
    def handle_output(self, context, obj):
        reached("before", context)
        super().handle_output(context, obj)
        reached("after", context)


class HookedItems(DynamoDBIOManager):
    def handle_output(self, context, obj):
        reached("before", context)
        super().handle_output(context, obj)
        reached("after", context)


@pytest.fixture
def hooked(pipeline):
    """The pipeline with a moment before and after each asset is stored."""
    own = pipeline.stores
    own["rows_io"] = HookedRows(store=pipeline.store)
    own["records_io"] = HookedRecords(records=pipeline.records, sources=pipeline.raw, receipts=pipeline.store)
    own["items_io"] = HookedItems(table=own["table"], sources=pipeline.raw)
    yield pipeline
    ARMED.clear()


class Forgetter:
    """Another process that forgets T-1; it goes as far as it can before it waits for the run that holds the ticket."""

    def __init__(self, settings, monkeypatch) -> None:
        self._waits = threading.Event()
        self._settings = settings
        self._thread = threading.Thread(target=self._forget)
        self.error: BaseException | None = None
        monkeypatch.setattr(runs_at_work, "say", lambda line: self._waits.set())

    def start(self) -> None:
        self._thread.start()
        assert self._waits.wait(60)

    def end(self) -> None:
        self._thread.join(60)
        assert not self._thread.is_alive()
        if self.error:
            raise self.error

    def _forget(self) -> None:
        try:
            erasure = Erasure(self._settings, Wanted(frozenset({"T-1.json"})))
            erasure.look()
            erasure.erase(60)
        except BaseException as error:  # noqa: BLE001 - raised where the test waits for the end
            self.error = error
            self._waits.set()


MOMENTS = [
    ("before", "raw_tickets"),
    ("after", "raw_tickets"),
    ("before", "embedded_tickets"),
    ("after", "embedded_tickets"),
    ("after", "summarized_tickets"),
    ("before", "enriched_tickets"),
    ("after", "enriched_tickets"),
    ("before", "ticket_metadata"),
    ("after", "ticket_metadata"),
]


@pytest.mark.parametrize("moment", MOMENTS, ids=[" ".join(moment) for moment in MOMENTS])
def test_a_ticket_forgotten_in_the_middle_of_its_run_is_in_no_store_afterwards(hooked, monkeypatch, moment):
    keep_versions(hooked)
    batch = hooked.land(hooked.put("T-1", subject=SECRET, body=SECRET), hooked.put("T-2"))
    forgetter = Forgetter(hooked.settings, monkeypatch)
    ARMED[moment] = forgetter.start

    hooked.run(batch, raise_on_error=False)
    forgetter.end()

    assert traces(hooked, SECRET) == []
    assert hooked.record("T-1").keys() == {"ticket_id", "forgotten_at"}
    again = hooked.run(batch)  # as Dagster retries what failed, and as a backfill does
    assert again.success
    assert traces(hooked, SECRET) == []
    assert [item["created_at"] for item in hooked.items("T-1")] == [0]
    assert hooked.record("T-2")["subject"]
    assert len(hooked.items("T-2")) == 1


def test_a_run_that_does_not_end_is_named_with_the_remedy(hooked):
    batch = hooked.land(hooked.put("T-1", subject=SECRET))
    found = []
    ARMED["after", "raw_tickets"] = lambda: found.append(tickets("forget", "T-1", "--yes", "--wait", "0"))

    hooked.run(batch, raise_on_error=False)

    (result,) = found
    assert result.exit_code == 1
    assert f"of batch {batch} goes on" in result.stderr
    assert "run the same command again" in result.stderr
    printed("forget", "T-1", "--yes")
    assert traces(hooked, SECRET) == []


def test_a_run_of_another_batch_is_not_waited_for(hooked):
    hooked.put("T-1", subject=SECRET)
    batch = hooked.land(hooked.put("T-2"))
    found = []
    ARMED["after", "raw_tickets"] = lambda: found.append(tickets("forget", "T-1", "--yes", "--wait", "0"))

    assert hooked.run(batch).success

    (result,) = found
    assert result.exit_code == 0, result.output


def test_without_a_dagster_instance_it_says_that_runs_cannot_be_seen(hooked, monkeypatch, tmp_path):
    hooked.put("T-1", subject=SECRET)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "elsewhere"))

    assert "runs in progress cannot be seen (set DAGSTER_HOME" in printed("forget", "T-1", "--yes")


def test_a_batch_that_brings_a_forgotten_ticket_again_counts_it_as_forgotten(hooked):
    key = hooked.put("T-1", subject=SECRET)
    hooked.instance.add_dynamic_partitions(BATCHES.name, [batch := hooked.land(key, hooked.put("T-2"))])
    printed("forget", "T-1", "--yes")

    result = hooked.run(batch)  # the event was redelivered; the object is gone

    (books,) = (e for e in result.get_asset_check_evaluations() if e.check_name == "every_ticket_is_accounted_for")
    assert (books.passed, books.metadata["forgotten"].value) == (True, 1)
    assert list(hooked.quarantine.entries()) == []


@pytest.mark.parametrize("versions", [False, True], ids=["plain buckets", "versioned buckets"])
def test_a_forgotten_ticket_that_is_put_again_is_refused_without_its_text(hooked, versions):
    if versions:
        keep_versions(hooked)
    key = hooked.put("T-1", subject=SECRET)
    assert hooked.enrich(key).success
    printed("forget", "T-1", "--yes")
    hooked.put("T-1", subject=f"{SECRET} again")

    assert hooked.enrich(key).success

    entry = hooked.quarantine.find(key)
    assert (entry.reason, entry.etag) == ("forgotten", hooked.raw.head(key).etag)
    assert "tickets forget --lift T-1" in entry.errors[0].message
    assert traces(hooked, SECRET) == [f"{hooked.raw.bucket}/{key}"]
    printed("forget", "T-1", "--yes")
    assert traces(hooked, SECRET) == []
    assert list(hooked.quarantine.entries()) == []


def test_a_ticket_whose_tombstone_is_lifted_comes_again(hooked):
    key = hooked.put("T-1")
    assert hooked.enrich(key).success
    printed("forget", "T-1", "--yes")
    hooked.put("T-1", subject="a new beginning")
    assert hooked.enrich(key).success
    assert hooked.record("T-1").keys() == {"ticket_id", "forgotten_at"}

    printed("forget", "--lift", "T-1", "--yes")

    assert hooked.record("T-1") is None
    assert hooked.items("T-1") == []
    assert hooked.enrich(key).success
    assert hooked.record("T-1")["subject"] == "a new beginning"
    assert len(hooked.items("T-1")) == 1
    assert list(hooked.quarantine.entries()) == []
