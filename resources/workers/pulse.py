"""What Redis is told of workers and their runs: who lives, who works on what, what is claimed, what is to be canceled.

A worker that says nothing for LIFE seconds is gone, and the run in its hands with it. Claims outlive any redelivery of
a task, so that of two deliveries of one run the second does nothing.
"""

import json
from collections.abc import Mapping
from typing import Any

import redis

LIFE = 20  # seconds; run monitoring looks every 10, so that a dead worker's run is failed within a minute
CLAIMED = 7 * 24 * 3600
PREFIX = "warm"


class Pulse:
    """Workers' words in the Redis that `broker`, a Celery broker's URL, names."""

    def __init__(self, broker: str) -> None:
        url = broker.replace("redis+socket://", "unix://").replace("virtual_host=", "db=")
        self._redis = redis.Redis.from_url(url, socket_timeout=5, socket_connect_timeout=5)

    def beat(self, worker: str, state: Mapping[str, Any]) -> None:
        """The worker lives, and works on `state["run"]` unless that is None."""
        pipe = self._redis.pipeline()
        pipe.set(f"{PREFIX}:worker:{worker}", json.dumps(state), ex=LIFE)
        if state["run"]:
            pipe.set(f"{PREFIX}:run:{state['run']}", worker, ex=LIFE)
        pipe.execute()

    def ended(self, run_id: str) -> None:
        """Nobody works on the run any more."""
        self._redis.delete(f"{PREFIX}:run:{run_id}")

    def forget(self, worker: str) -> None:
        """The worker is gone."""
        self._redis.delete(f"{PREFIX}:worker:{worker}")

    def works_on(self, run_id: str) -> bool:
        """Whether a worker that lives works on the run."""
        return bool(self._redis.exists(f"{PREFIX}:run:{run_id}"))

    def workers(self) -> dict[str, dict[str, Any]]:
        """The last words of every worker that lives, by name."""
        names = sorted(self._redis.scan_iter(f"{PREFIX}:worker:*"))
        words: list[bytes | None] = self._redis.mget(names) if names else []  # pyright: ignore[reportAssignmentType]
        return {key.decode().split(":", 2)[2]: json.loads(word) for key, word in zip(names, words, strict=True) if word}

    def claim(self, run_id: str) -> bool:
        """Take the run; False where somebody did before."""
        return bool(self._redis.set(f"{PREFIX}:claim:{run_id}", 1, nx=True, ex=CLAIMED))

    def cancel(self, run_id: str) -> None:
        """Ask whoever works on the run to stop."""
        self._redis.set(f"{PREFIX}:cancel:{run_id}", 1, ex=CLAIMED)

    def is_canceled(self, run_id: str) -> bool:
        """Whether somebody asked for that."""
        return bool(self._redis.exists(f"{PREFIX}:cancel:{run_id}"))
