"""A pipeline's books, and the tickets that a test puts into them."""

from resources.queue import SqsQueue
from sensors.planning import intake
from tests.pipeline.conftest import Pipeline
from tests.support import eventually
from ticket_assets.assets.runs import batches_at_work
from ticket_assets.domain.books import Books
from ticket_assets.stores.books import Reconciled, reconcile
from ticket_assets.stores.inventory import Stores


class Ledger:
    """The books of a pipeline whose queue a test fills and empties."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.stores = Stores.of(pipeline.stores)
        self.queue: SqsQueue = pipeline.stores["queue"]
        self.queue.delete(self.queue.drain(1, 0, 100))  # S3's test event, which would be taken for a ticket's

    def look(self) -> Reconciled:
        return reconcile(self.stores, lambda: batches_at_work(self.pipeline.instance))

    def books(self) -> Books:
        return self.look().books

    def lose_events(self, count: int) -> None:
        """As if the notification had not been there: `count` messages go unheard."""
        assert len(self.take(count)) == count
        assert sum(self.queue.depth().values()) == 0

    def take(self, count: int) -> list[str]:
        """The keys that `count` messages name, received and deleted."""
        messages = []

        def look() -> bool:
            messages.extend(self.queue.receive(1))
            return len(messages) >= count

        assert eventually(look), f"{len(messages)} of {count} messages came"
        self.queue.delete(messages)
        bucket = self.pipeline.settings.raw_bucket
        return [key for message in messages for key in intake([message], bucket).keys]


def counts(books: Books) -> dict[str, int]:
    """The counts that are not nought."""
    numbers = books.model_dump(exclude={"names", "notes", "balanced", "in_flight", "versions", "index_asked"})
    return {name: count for name, count in numbers.items() if count}


def enriched(ledger: Ledger, *ticket_ids: str) -> list[str]:
    """Put, heard of, enriched, all done."""
    keys = [ledger.pipeline.put(ticket_id) for ticket_id in ticket_ids]
    ledger.take(len(keys))
    batch = ledger.pipeline.land(*keys)
    assert ledger.pipeline.run(batch).success
    ledger.pipeline.batches.clear_pending(batch)
    return keys
