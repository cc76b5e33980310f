"""Writers whose every step at a store waits for its turn, so that a test chooses the order in which they interleave."""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

from resources.dynamodb import DynamoDBTable, Item
from resources.object_store import ObjectInfo, S3ObjectStore, StoredObject

_own = threading.local()
PATIENCE = 30  # seconds until a step counts as hung


class Killed(BaseException):
    """The writer's process is gone; no `except Exception` brings it back."""


class Writer:
    """One writer in a thread of its own; it stands still before each step until `step` lets it take one."""

    def __init__(self, work: Callable[[], object]) -> None:
        self._turn, self._stands = threading.Semaphore(0), threading.Semaphore(0)
        self._work, self._killed, self.done = work, False, False
        self._error: BaseException | None = None
        threading.Thread(target=self._run, daemon=True).start()
        self._await()

    def step(self) -> None:
        """Let it take its next step at a store, or end."""
        self._turn.release()
        self._await()

    def kill(self) -> None:
        """It takes no further step."""
        self._killed = True
        self.step()

    def pause(self) -> None:
        """Called by the writer itself before each step."""
        self._stands.release()
        self._turn.acquire()
        if self._killed:
            raise Killed

    def _run(self) -> None:
        _own.writer = self
        try:
            with suppress(Killed):
                self._work()
        except BaseException as error:  # noqa: BLE001 - raised again where the test waits
            self._error = error
        self.done = True
        self._stands.release()

    def _await(self) -> None:
        assert self._stands.acquire(timeout=PATIENCE), "the writer hangs"
        if self._error:
            raise self._error


def pause() -> None:
    """Wait for this thread's turn; outside a writer there is nothing to wait for."""
    writer = getattr(_own, "writer", None)
    if writer:
        writer.pause()


class TurnStore(S3ObjectStore):
    """A bucket whose every access is a step."""

    def find(self, key: str, limit: int | None = None) -> StoredObject | None:
        pause()
        return super().find(key, limit)

    def head(self, key: str) -> ObjectInfo | None:
        pause()
        return super().head(key)

    def put(self, key: str, body: bytes, **options) -> str:
        pause()
        return super().put(key, body, **options)

    def delete(self, key: str, **options) -> None:
        pause()
        super().delete(key, **options)

    def list_keys(self, prefix: str = "", after: str = "") -> Iterator[str]:
        pause()
        return super().list_keys(prefix, after)


class TurnTable(DynamoDBTable):
    """A table whose every access is a step."""

    def items(self, hash_value: str) -> list[Item]:
        pause()
        return super().items(hash_value)

    def put(self, item: Item, over: Item | None) -> None:
        pause()
        super().put(item, over)

    def delete(self, item: Item) -> None:
        pause()
        super().delete(item)


def interleave(works: list[Callable[[], object]], turns: random.Random, killed_at: dict[int, int]) -> None:
    """Run all works to their ends, `turns` choosing whose step is next; writer n is killed at step `killed_at[n]`."""
    writers = [Writer(work) for work in works]
    steps = [0] * len(writers)
    while alive := [n for n, writer in enumerate(writers) if not writer.done]:
        number = turns.choice(alive)
        if killed_at.get(number) == steps[number]:
            writers[number].kill()
        else:
            writers[number].step()
        steps[number] += 1
