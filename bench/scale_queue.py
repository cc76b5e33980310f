"""A part of `bench.scale`: the queue's sensor alone, without holding back, until no message waits.

It is evaluated in this process over a real instance. No run is made of what it asks for, so that every tick asks for
all batches again, as after a daemon's long absence.
"""

import json
import os
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from bench.common import console
from bench.parts import Parts, parts
from resources.object_store import S3ObjectStore
from resources.queue import SqsQueue
from sensors.ticket_queue_sensor import build_ticket_queue_sensor
from tests.support import tick_of
from ticket_assets.assets.policy import BATCHES
from ticket_assets.definitions import build_definitions, build_stores
from ticket_assets.jobs import enrich_tickets
from ticket_assets.stores.batches import Batches

MEBIBYTE = 1024 * 1024
TICK_BAR = 30


class Ticks:
    """The sensor as the daemon evaluates it, but that nothing is launched."""

    def __init__(self, stack: Parts) -> None:
        self._instance = stack.instance
        self._sensor = build_ticket_queue_sensor(enrich_tickets, stack.settings)
        self._definitions = build_definitions(settings=stack.settings)
        self._stores = build_stores(stack.settings)

    def tick(self) -> float:
        """One evaluation, and its partitions added; the seconds that it took."""
        begun = time.monotonic()
        asked = tick_of(self._sensor, self._instance, self._definitions, self._stores)
        self._instance.add_dynamic_partitions(
            BATCHES.name or "", [str(r.partition_key) for r in asked.run_requests or ()]
        )
        return time.monotonic() - begun


def messages(sizes: Sequence[int]) -> dict[str, dict[str, float]]:
    """What becomes of so many waiting messages."""
    return {f"{size:,}": _drained(size) for size in sizes}


def _drained(count: int) -> dict[str, float]:
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as place,
        # No batch is held back: not for those that wait, nor for a slot to come free.
        parts(Path(place), "ticket_assets.definitions", 1000, TICKETS_MAX_PENDING_BATCHES="1000") as stack,
    ):
        queue, keys = SqsQueue(name=stack.settings.queue), [f"T-{number:07d}.json" for number in range(count)]
        begun = time.monotonic()
        queue.send([json.dumps({"bucket": stack.settings.raw_bucket, "key": key}) for key in keys])
        console.print(f"[dim]{count} messages sent in {time.monotonic() - begun:.0f} s")
        ticks = Ticks(stack)
        seconds, memory, own = [], [], time.process_time()
        while sum(queue.depth().values()):
            seconds.append(ticks.tick())
            memory.append(_resident())
            console.print(f"[dim]tick {len(seconds)}: {seconds[-1]:.1f} s, {memory[-1]:.0f} MiB")
        batches = Batches(S3ObjectStore(bucket=stack.settings.pipeline_bucket))
        landed = Counter(key for manifest in batches.manifests(batches.pending()) for key in manifest.keys)
        return {
            "lost": len(set(keys) - landed.keys()),
            "landed twice": sum(times > 1 for times in landed.values()),
            "batches": len(batches.pending()),
            "ticks": len(seconds),
            "messages a second": count / sum(seconds),
            "first tick, seconds": seconds[0],
            "last tick, seconds": seconds[-1],
            f"longest tick, seconds (at most {TICK_BAR})": max(seconds),
            # What is left is the local server's, which looks at every waiting message at each receive and each delete.
            "of a tick, this process's own seconds": (time.process_time() - own) / len(seconds),
            "memory after the first tick, MiB": memory[0],
            "memory after the last tick, MiB": memory[-1],
            "most memory, MiB": max(memory),
        }


def _resident() -> float:
    """MiB of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / MEBIBYTE
