"""Everything that can happen to tickets, each call made in the role that makes it; what no role does is done as nobody.

`Plays.play` is the whole; what is not played here is not in a policy.
"""

from datetime import timedelta

from resources.aws import client
from tests.aws.cli.running import printed
from tests.deploy.flow import Flow
from tests.deploy.stage import LATER, NO_RETRY
from tests.fakes import LengthEmbedder
from tests.pipeline.failing import Watch
from tests.traces import keep_versions
from ticket_assets.assets.policy import BATCHES
from ticket_assets.domain.lists import Wanted
from ticket_assets.domain.search import Filters
from ticket_assets.stores.index_lists import IndexLists
from ticket_assets.stores.lists import Lists
from ticket_assets.stores.search_backlog import Backlog
from tickets_cli.provisioning import INDEXED, SPARSE, index_name


class Plays(Flow):
    """All of it; here, what is done with tickets that are enriched."""

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
