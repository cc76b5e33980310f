"""`dagster dev -w workspace.yaml` in the project's folder, in an activation's environment, enriches a ticket."""

import json
import os
import signal

from tests.pipeline.conftest import ticket
from tests.pipeline.programs import UP, kill_all
from tests.support import eventually, store
from ticket_assets.settings import variable
from tickets_cli.processes import ManagedProcess, free_port

NAMES = ("raw_bucket", "enriched_bucket", "pipeline_bucket", "queue", "dead_letter_queue", "table")


def test_dagster_dev_alone_enriches_a_ticket(flox, settings, prepared_models, tmp_path):
    activated = flox.activate(
        AWS_ENDPOINT_URL=os.environ["AWS_ENDPOINT_URL"],
        DAGSTER_HOME=str(tmp_path / "dagster"),
        TICKETS_MODELS="embedded",
        TICKETS_BATCH_WINDOW_SECONDS="1",
        MODEL_CACHE_DIR=os.environ["MODEL_CACHE_DIR"],
        **{variable(name): getattr(settings, name) for name in NAMES},
    )
    store(settings.raw_bucket).put("T-1.json", json.dumps(ticket("T-1")).encode())
    program = [str(flox.cache / "venv" / "bin" / "dagster"), "dev", "-w", "workspace.yaml", "-h", "127.0.0.1"]
    command = ["bash", "-c", 'cd "$0" && exec "$@"', str(flox.project), *program, "-p", str(free_port())]
    dev = ManagedProcess("dagster dev", command, activated.environment, tmp_path / "dev.log")
    try:
        assert eventually(lambda: store(settings.enriched_bucket).head("T-1.json"), UP), dev.log.read_text()
    finally:
        os.kill(dev.pid, signal.SIGINT)
        eventually(lambda: "services shut down" in dev.log.read_text(), UP)
        dev.stop()
        kill_all(tmp_path)
