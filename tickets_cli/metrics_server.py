"""Serves `/metrics` for Prometheus from the stores and Dagster's database. No ticket's text is in it."""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any, NamedTuple

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from ticket_assets.definitions import build_stores
from ticket_assets.settings import Settings
from ticket_assets.stores.inventory import Stores
from tickets_cli.dagster_services import existing_instance
from tickets_cli.layout import dagster_home
from tickets_cli.metrics_history import History
from tickets_cli.metrics_names import EXPORTED, family
from tickets_cli.metrics_now import sources
from tickets_cli.processes import ProcessFailed

ANSWER_SECONDS = 8.0  # Prometheus gives up after 10 s unless it is told otherwise
Source = Callable[[], Iterable[Metric]]
_log = logging.getLogger(__name__)


@contextmanager
def serving(settings: Settings, port: int, host: str = "127.0.0.1") -> Iterator[str]:
    """Serve in threads of this process; gives the page's address. Raises ProcessFailed."""
    instance = existing_instance()
    if instance is None:
        raise ProcessFailed(f"no Dagster instance in {dagster_home()}: set DAGSTER_HOME, or start `tickets up` first")
    built = build_stores(settings)
    asked = sources(Stores.of(built), built["dead_letter_queue"], built["pipeline_store"], instance)
    exporter = Exporter({**asked, "events": History(instance).look})
    registry = CollectorRegistry()
    registry.register(exporter)
    try:
        server, thread = start_http_server(port, host, registry)
    except OSError as error:
        raise ProcessFailed(f"port {port} of {host} cannot be listened on: {error.strerror}") from error
    try:
        yield f"http://{host}:{port}/metrics"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        exporter.close()
        instance.dispose()


class Asked(NamedTuple):
    """A source that was asked, whose answer may be coming still."""

    name: str
    answer: Future[list[Metric]]


class Exporter(Collector):
    """Asks all sources at once. One that fails or is late is left out and told of, and not asked again meanwhile."""

    def __init__(self, sources: Mapping[str, Source], seconds: float = ANSWER_SECONDS) -> None:
        self._sources = sources
        self._seconds = seconds
        self._pool = ThreadPoolExecutor(len(sources), thread_name_prefix="metrics")
        self._late: dict[str, Future[list[Metric]]] = {}
        self._scrape = threading.Lock()

    def describe(self) -> Iterator[Metric]:
        """Every family, so that registering asks nobody."""
        return (family(name) for name in EXPORTED)

    def collect(self) -> Iterator[Metric]:
        """The families of all sources that answer in time."""
        with self._scrape:
            asked = [Asked(name, self._late.get(name) or self._ask(source)) for name, source in self._sources.items()]
            wait([source.answer for source in asked], timeout=self._seconds)
            up: Any = family("tickets_source_up")
            for name, answer in asked:
                found = self._answer(name, answer)
                up.add_metric([name], int(found is not None))
                yield from found or ()
            yield up

    def close(self) -> None:
        """Ask no more."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _ask(self, source: Source) -> Future[list[Metric]]:
        return self._pool.submit(lambda: list(source()))

    def _answer(self, name: str, answer: Future[list[Metric]]) -> list[Metric] | None:
        if not answer.done():
            self._late[name] = answer
            return None
        self._late.pop(name, None)
        error = answer.exception()
        if error is None:
            return answer.result()
        _log.warning("%s: %s: %s", name, type(error).__name__, error)
        return None
