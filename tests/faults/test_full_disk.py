"""No room for Dagster's own database: the run fails in SQLite's words, and the batch goes on when there is room."""

from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, event

from tests.faults.books import assert_books_balance, finish


@contextmanager
def full_disk():
    """SQLite itself refuses every page beyond those that a database has, as on a full disk."""

    def no_page_more(connection, _record) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {max(1, pages)}")

    event.listen(Engine, "connect", no_page_more)
    try:
        yield
    finally:
        event.remove(Engine, "connect", no_page_more)


def test_a_full_disk_fails_the_run_says_so_and_costs_no_ticket(queue):
    for n in range(3):
        queue.pipeline.put(f"t{n}")
    with full_disk():
        (batch,) = queue.requested()
        with pytest.raises(Exception, match="database or disk is full"):
            queue.run(batch)
        assert queue.requested() == [batch]  # its marker stands until a run has started

    finish(queue)

    assert queue.pipeline.batches.pending() == []
    assert_books_balance(queue.pipeline)
