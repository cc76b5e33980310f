"""What the pipeline and its sensors do by themselves, and what producers and operators do when something went wrong."""

from rich.console import Console

from tests.aws.cli.running import tickets
from tests.deploy.stage import LATER, NO_RETRY, Stage
from tests.pipeline.failing import Watch
from tests.support import eventually
from ticket_assets.stores.inventory import Stores
from ticket_assets.stores.quarantine_list import newest
from tickets_cli.metrics_now import sources
from tickets_cli.seeding import put_tickets

QUIET = Console(quiet=True)


class Flow(Stage):
    """Tickets on their way, to the table, the quarantine or nowhere."""

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
