"""The real definitions with fakes for models: they take note when they are loaded, and wait or kill as texts say.

GATE names a directory: `open` in it lets those pass that wait, `loads` has a line for each load, and while `missing` is
there none succeeds. Run as a program it is the stack of `tickets up --workers 1` with the definitions of the module
that is named; TEST_RUNS_SECONDS replaces what its stop waits for. A worker that dies soon is replaced soon.
"""

import os
import signal
import sys
import time
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from resources.models.roles import ModelNotAvailable
from tests.fakes import KillerEmbedder, fake_suite
from tests.support import eventually
from ticket_assets.definitions import build_definitions
from tickets_cli import dagster_services, stack, worker_pool
from tickets_cli.layout import state_dir
from tickets_cli.terminal import say

GATE = "GATE"
WAITS = 120


@lru_cache(maxsize=1)
def load() -> None:
    if (Path(os.environ[GATE]) / "missing").exists():
        raise ModelNotAvailable("the weights are on strike")
    with (Path(os.environ[GATE]) / "loads").open("a") as book:
        book.write(f"{os.getpid()}\n")


class NotedEmbedder(KillerEmbedder):
    """Loaded once a process; waits at the gate where a text says so."""

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        load()
        gate = Path(os.environ[GATE])
        if any("WAITS" in text for text in texts) and not (gate / "open").exists():
            (gate / f"{os.getpid()}.waiting").touch()
            eventually((gate / "open").exists, WAITS)
        return super().embed(texts)


defs = build_definitions({"models": fake_suite(embedder=NotedEmbedder())})


def main(module: str, aws: int) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    seconds = float(os.environ["TEST_RUNS_SECONDS"])
    dagster_services.RUNS_SECONDS = stack.RUNS_SECONDS = seconds  # pyright: ignore[reportAttributeAccessIssue]
    worker_pool.LONGEST_PAUSE = worker_pool.FIRST_PAUSE  # pyright: ignore[reportAttributeAccessIssue]
    ports = stack.Ports.free()._replace(aws=aws)
    with stack.running_stack(state_dir(), ports, say, workers=1, module=module) as running:
        say("up")
        while True:
            running.check()
            time.sleep(0.5)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
