"""The real definitions with fakes for models that kill their own process, or wait to be killed, as texts say."""

import os
from pathlib import Path

from tests.fakes import KillerEmbedder, fake_suite
from tests.support import eventually
from ticket_assets.definitions import build_definitions

GATE = "GATE"  # the variable that names a directory


class GatedEmbedder(KillerEmbedder):
    """Says its process id in the gate's directory, and waits there until the gate is open."""

    def embed(self, texts):
        gate = Path(os.environ[GATE])
        if any("WAITS" in text for text in texts) and not (gate / "open").exists():
            (gate / f"{os.getpid()}.waiting").touch()
            eventually((gate / "open").exists, 120)
        return super().embed(texts)


defs = build_definitions({"models": fake_suite(embedder=GatedEmbedder())})
