"""`ticket-processor` with fake models that wait for a gate: its runs take as long as a test wants.

Run as a program it is the processor; imported by its code server it is the definitions. TEST_GATE names the file that
opens the gate; beside it, `….reached` says that a run stands there. TEST_RUNS_SECONDS replaces what a stop waits for.
"""

import os
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tests.fakes import LengthEmbedder, fake_suite
from ticket_assets.definitions import build_definitions
from tickets_cli import dagster_services
from tickets_cli.layout import dagster_home
from tickets_cli.processes import free_port
from tickets_cli.processor import serve

GATE = os.environ["TEST_GATE"]


class GatedEmbedder(LengthEmbedder):
    """Embeds once the gate is open."""

    gate: str

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        Path(f"{self.gate}.reached").touch()
        while not Path(self.gate).exists():
            time.sleep(0.05)
        return super().embed(texts)


defs = build_definitions({"models": fake_suite(embedder=GatedEmbedder(gate=GATE))})

if __name__ == "__main__":
    home = dagster_home()
    dagster_services.RUNS_SECONDS = float(os.environ.get("TEST_RUNS_SECONDS", dagster_services.RUNS_SECONDS))
    serve(home, dagster_services.DagsterServices(home, os.environ, home / "logs", free_port(), "tests.pipeline.gated"))
