"""One stack with a warm worker for this folder's tests, over Redis and Postgres of its own."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from tests.pipeline.programs import kill_all
from tests.support import eventually, forget_clients
from tests.workers.site import Site
from tickets_cli import databases
from tickets_cli.processes import ProcessFailed


@pytest.fixture(scope="session")
def root():
    """A directory that the user who runs Postgres can reach, which pytest's own is not where we are root."""
    for program, package in (("redis-server", "redis-server"), ("postgres", "postgresql")):
        try:
            databases.find(program, package)
        except ProcessFailed as error:
            pytest.skip(str(error))
    made = Path(tempfile.mkdtemp(prefix="warm-"))
    made.chmod(0o711)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="package")
def site(root):
    before = dict(os.environ)
    # A directory of its own: where other tests come between this folder's files, pytest sets the fixture up again.
    made = Site(Path(tempfile.mkdtemp(prefix="site-", dir=root)))
    made.root.chmod(0o711)
    os.environ.clear()
    os.environ.update(made.environment())
    forget_clients()
    made.start()
    yield made
    made.program.stop()
    assert eventually(lambda: kill_all(made.root))
    os.environ.clear()
    os.environ.update(before)
    forget_clients()
