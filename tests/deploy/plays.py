"""Everything that can happen to tickets, each call made in the role that makes it; what no role does is done as nobody.

`Stage.play` is the whole; what is not played here is not in a policy.
"""

from datetime import timedelta
from typing import cast

from rich.console import Console

from resources.aws import client
from resources.provision import ensure_table
from resources.provision_security import require_tls
from resources.queue import _url
from tests.aws.cli.running import printed, tickets
from tests.aws.test_provision_security import answered
from tests.deploy.recording import Recorder
from tests.fakes import LengthEmbedder
from tests.pipeline.conftest import Pipeline, ticket
from tests.pipeline.failing import Watch
from tests.pipeline.test_dead_letters import Dead
from tests.support import eventually
from tests.traces import keep_versions
from ticket_assets.assets.policy import BATCHES
from ticket_assets.domain.lists import Wanted
from ticket_assets.domain.search import Filters
from ticket_assets.settings import Settings
from ticket_assets.stores.index_lists import IndexLists
from ticket_assets.stores.inventory import Stores
from ticket_assets.stores.lists import Lists
from ticket_assets.stores.quarantine_list import newest
from ticket_assets.stores.search_backlog import Backlog
from ticket_generator.generator import Ticket
from ticket_generator.upload import s3_client, upload
from tickets_cli.metrics_now import sources
from tickets_cli.provisioning import INDEXED, KEYS, SPARSE, index_name, provision
from tickets_cli.seeding import put_tickets

QUIET = Console(quiet=True)
LATER = 1_760_000_001
NO_RETRY = {"dagster/max_retries": "0"}


def set_up(recorder: Recorder, settings: Settings) -> None:
    """Over a table without indexes, on a server that speaks TLS and encrypts nothing by itself."""
    with (
        recorder.playing("operator"),
        answered("s3", "GetBucketEncryption", 404, "ServerSideEncryptionConfigurationNotFoundError"),
    ):
        ensure_table(settings.table, KEYS, {})
        list(provision(settings))
        for bucket in (settings.raw_bucket, settings.enriched_bucket, settings.pipeline_bucket):
            require_tls(bucket)


class Stage:
    """A pipeline that is set up, and those who work with it."""

    def __init__(self, recorder: Recorder, pipeline: Pipeline) -> None:
        self.recorder = recorder
        self.pipeline = pipeline
        self.settings = pipeline.settings
        self.queue = Dead(pipeline)

    def play(self) -> None:
        """In this order: what one leaves, the next may need."""
        self.enrich_and_quarantine()
        self.fail_and_recover()
        self.split_a_batch()
        self.drain_dead_letters()
        self.watch()
        self.work_on_quarantine()
        self.reconcile()
        self.index()
        self.reprocess()
        self.correct()
        self.read()
        self.forget()

    def produce(self, *ticket_ids: str, **fields: object) -> None:
        with self.recorder.playing("producer"):
            for ticket_id in ticket_ids:
                upload(s3_client(), self.settings.raw_bucket, cast("Ticket", ticket(ticket_id, **fields)))

    def process(self) -> None:
        """What waits in the queue, to its end, by a processor that has just started and knows no URL."""
        _url.cache_clear()
        with self.recorder.playing("pipeline"):
            self.queue.queue.depth()  # its first question
            while batches := self.queue.requested():
                for batch in batches:
                    assert self.queue.run(batch).success

    def operate(self, *arguments: str) -> str:
        with self.recorder.playing("operator"):
            return printed(*arguments)

    def enrich_and_quarantine(self) -> None:
        """Good, bad and gone ones; then newer versions."""
        self.produce("t1", "t2")
        with self.recorder.playing("producer"):
            put_tickets(self.settings.raw_bucket, 1, None, QUIET)
        self.pipeline.raw.put("bad.json", b"{")
        self.queue.send("no json")
        self.queue.send({"bucket": self.settings.raw_bucket, "key": "gone.json"})
        self.process()
        self.pipeline.next_second()
        self.produce("t1", "bad", created_at=LATER)
        self.process()
        assert [item["created_at"] for item in self.pipeline.items("t1")] == [LATER]
        assert [entry.key for entry in self.pipeline.quarantine.entries()] == ["gone.json"]

    def fail_and_recover(self) -> None:
        """A batch whose model is missing, recorded by the sensor, seen by the operator, run again."""
        key = self.pipeline.put("t3")
        self.queue.empty()
        batch, watch = self.pipeline.land(key), Watch(self.pipeline)
        with self.recorder.playing("pipeline"):
            watch.fail(batch, **NO_RETRY)
            assert watch.recorded() == [batch]
        assert batch in self.operate("status")
        self.pipeline.batches.clear_pending(batch)
        assert batch in self.operate("where", "t3")
        assert "+ 1 failed" in self.operate("reconcile")
        with self.recorder.playing("pipeline"):
            assert self.pipeline.run(batch).success

    def split_a_batch(self) -> None:
        """Nobody's run died here: the store's own part is played."""
        batch = self.pipeline.land("t1.json", "t2.json")
        with self.recorder.playing("pipeline"):
            assert len(self.pipeline.batches.split(batch)) == 2
        self.pipeline.batches.clear_pending(batch)
        self.process()

    def drain_dead_letters(self) -> None:
        """One names an object that nobody enriched, one nothing."""
        key = self.pipeline.put("dead")
        self.queue.empty()
        self.queue.bury_object(key)
        self.queue.bury("no json")
        with self.recorder.playing("pipeline"):
            eventually(lambda: self.queue.look() == [] and not self.queue.buried())
        assert self.pipeline.quarantine.find(key)

    def watch(self) -> None:
        """What a scrape asks, while a ticket waits; the sensor that looks after it asks no more than that."""
        self.produce("waits")
        stores = self.pipeline.stores
        asked = sources(
            Stores.of(stores), stores["dead_letter_queue"], self.pipeline.store, self.pipeline.instance
        ).values()
        with self.recorder.playing("pipeline"):
            assert all(list(source()) for source in asked)
        self.process()

    def work_on_quarantine(self) -> None:
        """Listed, shown with what was kept and with the raw object, sent again, dropped."""
        self.pipeline.raw.put("bad.json", b"{")
        self.process()
        message = next(self.pipeline.quarantine.messages()).message_id
        self.operate("quarantine", "list")
        with self.recorder.playing("reader"):
            assert newest(self.pipeline.store, self.pipeline.records, None, 9).held
        assert "dead_letter" in self.operate("quarantine", "show", "dead")
        assert "not_json" in self.operate("quarantine", "show", "bad")
        self.operate("quarantine", "replay", "dead", message)
        self.process()
        assert self.pipeline.record("dead")
        self.operate("quarantine", "drop", "--all", "--yes")
        assert self.operate("quarantine", "list") == "0 entries"

    def reconcile(self) -> None:
        """A ticket whose message was lost, an item whose record was: by the operator and by the scheduled job."""
        self.pipeline.raw.delete("bad.json")
        self.pipeline.put("lost")
        self.queue.empty()
        job = self.queue.definitions.resolve_job_def("reconcile_tickets")
        self.pipeline.records.delete("t2.json")
        with self.recorder.playing("pipeline"):
            result = job.execute_in_process(instance=self.pipeline.instance)
        checks = {check.check_name: check for check in result.get_asset_check_evaluations()}
        assert checks["the_books_balance"].metadata["items_without_record"].value == 1
        with self.recorder.playing("operator"):
            answer = tickets("reconcile", "--replay")
        assert "missing lost.json" in " ".join(answer.stdout.split())
        self.process()
        assert self.pipeline.record("t2")

    def index(self) -> None:
        """A batch that the index lacks, which the next run makes up for; and all anew."""
        batch = self.pipeline.land("t1.json")
        with self.recorder.playing("pipeline"):
            Backlog(self.pipeline.store).add(batch)
            assert self.pipeline.run(batch).success
        assert Backlog(self.pipeline.store).oldest(1) == []
        self.pipeline.batches.clear_pending(batch)
        assert "records read" in self.operate("reindex", "--yes")

    def reprocess(self) -> None:
        """By the whole table, and by an index; the sensor requests the deferred batches."""
        for batch in self.pipeline.instance.get_dynamic_partitions(str(BATCHES.name)):
            self.pipeline.instance.delete_dynamic_partition(str(BATCHES.name), batch)
        assert "reading the whole table" in self.operate("versions", "--now")
        self.operate("reprocess", "--yes")
        self.operate("reprocess", "--where", "customer_id=CUST-1")
        for attribute in INDEXED:
            self.operate("reprocess", "--where", f"{attribute}={VALUES[attribute]}", "--dry-run")
        assert list(self.pipeline.batches.deferred())
        self.queue.set(batch_window_seconds=20)  # leaves two seconds of the tick to wait for a first message
        self.process()
        self.queue.set()
        assert list(self.pipeline.batches.deferred()) == []

    def correct(self) -> None:
        """One ticket's urgency, in the search index too, and back."""
        told = self.operate("correct", "t1", "--urgency", "high")
        assert "by a person" in told
        assert "searches show" not in told
        assert "undone" in self.operate("correct", "t1", "--undo")

    def read(self) -> None:
        """What a list view and a ticket's page ask for."""
        table = self.pipeline.stores["table"]
        with self.recorder.playing("reader"):
            assert "t1" in printed("show", "results")
            assert [table.newest(index_name(name), name, "none", 1) for name in (*INDEXED, *SPARSE)]
            assert table.items("t1")
            assert self.pipeline.records.get("t1.json")
            index, version = self.pipeline.stores["search_index"], LengthEmbedder().version
            assert index.near(version, index.vector_of(version, "t1"), Filters(), 2)
            lists = Lists(self.settings.table, self.settings.enriched_bucket)
            assert all(lists.page(Wanted(name, ("none",)), 1).items == [] for name in INDEXED)
            assert lists.ticket("t1")
            assert IndexLists(index, version).vectors(0, LATER, 9).ids

    def forget(self) -> None:
        """From buckets that keep versions, from every store; then the ticket comes again, and is let in again."""
        keep_versions(self.pipeline)
        self.pipeline.next_second()
        for body in ("{", '{"customer_id": "CUST-9"}'):
            self.pipeline.raw.put("broken.json", body.encode())
        self.produce("t1", body="changed since", customer_id="CUST-9")
        self.process()
        self.operate("quarantine", "drop", "broken", "--yes")
        self.pipeline.raw.put("broken.json", b'{"customer_id": "CUST-9"')
        self.process()
        index = self.pipeline.stores["search_index"].table(LengthEmbedder().version)
        index.settle()
        index.opened().cleanup_old_versions(timedelta(0))  # leaves versions of the files that were merged
        batch = self.pipeline.land("t1.json")
        for _ in range(2):  # files between assets in two versions
            assert self.pipeline.run(batch).success
        watch = Watch(self.pipeline)
        watch.fail(batch, **NO_RETRY)
        assert watch.recorded() == [batch]
        (failure,) = self.pipeline.batches.failures()
        for error in ("of t1", "of t1 again"):
            self.pipeline.batches.record_failure(failure.model_copy(update={"error": error}))
        letters = self.queue.letters
        client("sqs").set_queue_attributes(QueueUrl=letters.url, Attributes={"VisibilityTimeout": "30"})
        letters.send(['{"customer_id": "CUST-9"}', "another"])
        self.operate("forget", "t1", "--dry-run")
        assert " 0 left" in self.operate("forget", "--customer", "CUST-9", "--yes")
        self.produce("t1")
        self.process()
        found = self.pipeline.quarantine.find("t1.json")
        assert found
        assert found.reason == "forgotten"
        assert self.operate("where", "t1")
        self.operate("forget", "--lift", "t1", "--yes")


VALUES = {"urgency": "critical", "sentiment": "POSITIVE", "intent": "bug_report", "customer_id": "CUST-1"}
