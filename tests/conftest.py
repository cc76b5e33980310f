"""One real local AWS server for the test session, on a free port; fresh buckets, queues and table for each test."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import uuid
from contextlib import nullcontext
from functools import cache
from pathlib import Path
from threading import Lock

import dagster as dg
import hypothesis
import pytest
from alembic.script import ScriptDirectory
from dagster._core.execution import compute_logs
from dagster._core.storage.event_log.sqlite import sqlite_event_log
from dagster._core.storage.runs.sqlite import sqlite_run_storage
from dagster._core.storage.schedules.sqlite import sqlite_schedule_storage
from sqlalchemy import create_engine, event
from sqlalchemy.engine import Engine
from sqlalchemy.pool import QueuePool

from resources.queue import OVERTIME
from sensors import ticket_queue_sensor
from ticket_assets.settings import Settings
from ticket_assets.stores import books
from tickets_cli.aws_server import start_aws_server
from tickets_cli.processes import free_port
from tickets_cli.provisioning import provision

# Files whose tests wait for whole programs: started first, they leave the cores to all others, not only to each other.
FIRST = (
    "tests/workers/",
    "tests/pipeline/test_stack.py",
    "tests/deploy/flox/test_hook.py",
    "tests/deploy/test_iam.py",
    "tests/pipeline/test_restarts.py",
    "tests/pipeline/test_end_to_end.py",
    "tests/pipeline/test_process_deaths.py",
    "tests/pipeline/test_hanging_runs.py",
    "tests/faults/",
    "tests/deploy/flox/",
    "tests/pipeline/test_dagster_dev.py",
    "tests/pipeline/test_graceful_stop.py",
    "tests/pipeline/test_processor.py",
    "tests/deploy/kubernetes/test_pods.py",
    "tests/unit/docs/",
    "tests/pipeline/",
)
MOST_ENGINES = 32
# No time limits: the machine may be busy. The same examples each time: a failure is the change's own.
hypothesis.settings.register_profile(
    "project", deadline=None, derandomize=True, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("project")


@pytest.fixture(scope="session", autouse=True)
def own_environment(tmp_path_factory):
    """Nothing that a user has exported leads the tests elsewhere, and nothing is written to the user's own cache."""
    before = dict(os.environ)
    for name in before:
        if name.startswith(("TICKETS_", "DAGSTER_", "AWS_")) and name != "AWS_CA_BUNDLE":
            del os.environ[name]
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # started in the background: then Dagster ignores SIGTERM too
        signal.signal(signal.SIGINT, signal.default_int_handler)
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in before else base  # the processes of a session convert once
    os.environ["MODEL_CACHE_DIR"] = str(shared / "models")
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session")
def prepared_models(own_environment):
    """The default profile's models in MODEL_CACHE_DIR, for tests that start programs with the real ones."""
    command = [sys.executable, "-m", "tickets_cli.main", "models", "prepare"]
    subprocess.run(command, check=True, capture_output=True, timeout=300, cwd=Path(__file__).parents[1])


def pytest_collection_modifyitems(items):
    """In the order of FIRST; the tests of a file stay together."""
    items.sort(key=lambda item: next((n for n, path in enumerate(FIRST) if item.nodeid.startswith(path)), len(FIRST)))


def pytest_sessionfinish(session):
    """Where REQUIRE_ALL is set, as in CI, a test that was skipped is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("REQUIRE_ALL") and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session", autouse=True)
def unmirrored_output():
    """What a run in this process prints is in its files alone: to repeat it, Dagster starts four programs a run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compute_logs, "tail_to_stream", lambda *_: nullcontext((None, None)))
        yield


@pytest.fixture(scope="session", autouse=True)
def quick_databases():
    """Dagster's databases in this process do not wait for the disk: no test here cuts the machine's power.

    And each of their engines is made once and keeps its connections, and the list of Dagster's migrations is read once:
    opening a database at each event and reading the migrations at each run is half of a run's work.
    """

    def connected(connection: object, _: object) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute("PRAGMA synchronous=OFF")

    event.listen(Engine, "connect", connected)
    engines, lock = {}, Lock()

    def once(place: str, **how: object) -> Engine:
        with lock:
            engine = engines.pop(place, None)
            if engine and not Path(engine.url.database).exists():  # the home was removed
                Engine.dispose(engine)
                engine = None
            if engine is None:
                engine = create_engine(place, **{**how, "poolclass": QueuePool})
                engine.dispose = lambda: None  # pyright: ignore[reportAttributeAccessIssue] - called after each event
            engines[place] = engine
            if len(engines) > MOST_ENGINES:
                Engine.dispose(engines.pop(next(iter(engines))))
            return engine

    with pytest.MonkeyPatch.context() as patch:
        for storage in (sqlite_event_log, sqlite_run_storage, sqlite_schedule_storage):
            patch.setattr(storage, "create_engine", once)
        patch.setattr(ScriptDirectory, "from_config", cache(ScriptDirectory.from_config))
        yield
    for engine in engines.values():
        Engine.dispose(engine)
    event.remove(Engine, "connect", connected)


@pytest.fixture(scope="session", autouse=True)
def brief_ticks(own_environment):
    """A tick of the queue sensor in this process waits two seconds for a first message, not 22."""
    before, ticket_queue_sensor.LONGEST_TICK = ticket_queue_sensor.LONGEST_TICK, OVERTIME + 2
    yield
    ticket_queue_sensor.LONGEST_TICK = before


@pytest.fixture(scope="session", autouse=True)
def prompt_books(own_environment):
    """The local server counts a message as soon as its object is put: the books in this process need no patience."""
    before, books.UNHEARD_SECONDS = books.UNHEARD_SECONDS, 0
    yield
    books.UNHEARD_SECONDS = before


@pytest.fixture(scope="session")
def aws_endpoint(tmp_path_factory, own_environment):
    """The URL of a running server; boto3 finds it through the environment."""
    root: Path = tmp_path_factory.mktemp("aws")
    port = free_port()
    server = start_aws_server(port, root / "state", root / "aws.log")
    endpoint = f"http://127.0.0.1:{port}"
    before = dict(os.environ)
    os.environ.update(
        AWS_ENDPOINT_URL=endpoint,
        AWS_ACCESS_KEY_ID="test",
        AWS_SECRET_ACCESS_KEY="test",
        AWS_DEFAULT_REGION="us-east-1",
    )
    yield endpoint
    os.environ.clear()
    os.environ.update(before)
    server.stop()


@pytest.fixture(scope="session")
def empty_home(tmp_path_factory, own_environment) -> Path:
    """A Dagster home with its databases, to be copied: making them takes longer than most tests."""
    home = tmp_path_factory.mktemp("home")
    with dg.DagsterInstance.local_temp(str(home)) as instance:
        instance.get_runs_count()
    return home


@pytest.fixture
def local_instance(empty_home, tmp_path):
    """A Dagster instance of the test's own over files, without daemon or page."""
    shutil.copytree(empty_home, tmp_path, dirs_exist_ok=True)
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        yield instance


@pytest.fixture
def settings(aws_endpoint) -> Settings:
    return own_settings()


def own_settings() -> Settings:
    """Settings whose every name is this caller's own, all of it provisioned; the names end alike."""
    own = uuid.uuid4().hex[:8]
    made = Settings(
        raw_bucket=f"raw-{own}",
        enriched_bucket=f"enriched-{own}",
        pipeline_bucket=f"pipeline-{own}",
        queue=f"queue-{own}",
        dead_letter_queue=f"dlq-{own}",
        table=f"table-{own}",
        batch_window_seconds=0,
    )
    list(provision(made))
    return made
