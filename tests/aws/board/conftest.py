"""The triage page as a browser finds it: the real application in a real server, over a pipeline's own stores."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import dagster as dg
import numpy as np
import pytest

from tests.conftest import own_settings
from tests.fakes import Doubter, LengthEmbedder, fake_suite
from tests.pipeline.conftest import Pipeline
from ticket_assets.settings import Settings
from tickets_board.server import serving
from tickets_board.sources import Sources
from tickets_cli.mendable import mendable

HOSTILE = "<script>alert('x')</script>\"'><img src=x onerror=alert(1)>{{7*7}}\u202e"


class Answer(NamedTuple):
    """What the server said."""

    status: int
    headers: dict[str, str]
    text: str


class Board:
    """The served page."""

    def __init__(self, address: str) -> None:
        self.address = address

    def get(self, path: str, **headers: str) -> Answer:
        """Ask for a path as it stands, nothing in it resolved."""
        return self._ask("GET", path, headers)

    def _ask(self, method: str, path: str, headers: dict[str, str], body: str | bytes | None = None) -> Answer:
        connection = HTTPConnection(urlsplit(self.address).netloc, timeout=30)
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        told = Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read().decode())
        connection.close()
        return told

    def post(self, path: str, body: str | bytes = "", **headers: str | None) -> Answer:
        """Send a form as the page's own does; a header that is None is left out."""
        given = {"Origin": self.address, "Content_Type": "application/x-www-form-urlencoded", **headers}
        own = {name.replace("_", "-"): value for name, value in given.items() if value is not None}
        return self._ask("POST", path, own, body)

    def shown(self, path: str) -> str:
        """A page that must be there, on one line."""
        answer = self.get(path)
        assert answer.status == 200, answer.text
        return " ".join(answer.text.split())


class OfRole:
    """The fakes' embedder, asked for one text."""

    version = LengthEmbedder().version

    def embed(self, text: str) -> np.ndarray:
        return LengthEmbedder().embed([text])[0]


def now() -> int:
    """The second: tests may run long after they were collected."""
    return int(time.time())


def fill(pipeline: Pipeline) -> Pipeline:
    """Tickets of today and of the days before, one of them hostile, one in doubt; two bad objects."""
    at = now()
    fields = {
        "fresh-1": {"priority": "critical", "subject": "bug_report: login is down", "created_at": at - 600},
        "fresh-2": {"priority": "high", "subject": "payment_issue since today", "created_at": at - 3_000},
        "fresh-3": {"priority": "low", "subject": "bad, puzzling login_issue", "created_at": at - 4_000,
                    "customer_id": "C 7/&"},
        "hostile": {"priority": "high", "subject": HOSTILE, "body": HOSTILE, "customer_id": HOSTILE,
                    "created_at": at - 100, "metadata": {"source": HOSTILE, "language": HOSTILE}},
        **{f"old-{n}": {"priority": "medium", "created_at": at - 90_000 - 40_000 * n} for n in range(6)},
    }  # fmt: skip
    keys = [pipeline.put(name, **own) for name, own in fields.items()]
    pipeline.raw.put("bad.json", b"{")
    pipeline.raw.put("<b>bad</b>.json", b"{")
    doubter = Doubter(names=["login_issue", "payment_issue", "general_inquiry"])
    suite = fake_suite(intent=doubter, urgency=Doubter(names=["critical", "medium"]))
    assert pipeline.enrich(*keys, "bad.json", "<b>bad</b>.json", suite=suite).success
    return pipeline


@pytest.fixture
def pipeline(settings):
    """A pipeline of this test's own, with nothing in it."""
    with dg.DagsterInstance.ephemeral() as instance:
        yield Pipeline(settings, instance)


@pytest.fixture
def spoiled(pipeline):
    """A filled pipeline that the test may change."""
    return fill(pipeline)


@pytest.fixture(scope="module")
def filled(aws_endpoint):
    """A filled pipeline that all tests of a module look at."""
    with dg.DagsterInstance.ephemeral() as instance:
        yield fill(Pipeline(own_settings(), instance))


@contextmanager
def boards() -> Iterator[Callable[..., Board]]:
    """What serves settings, until this ends."""
    with ExitStack() as served:

        def start(settings: Settings, **how: Any) -> Board:
            embedder, dagster, corrects = (
                how.pop("embedder", OfRole),
                how.pop("dagster", None),
                how.pop("corrects", False),
            )
            sources = Sources(settings, embedder, mendable, dagster, corrects=corrects)
            return Board(served.enter_context(serving(sources, 0, **how)))

        yield start


@pytest.fixture
def serve():
    """Serves settings while the test runs."""
    with boards() as start:
        yield start


@pytest.fixture(scope="module")
def serve_to_all():
    """Serves settings to all tests of a module."""
    with boards() as start:
        yield start
