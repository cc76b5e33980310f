"""What the pages ask: the same lists, index and quarantine as the command line, over one deployment's settings."""

import time
from collections.abc import Callable
from functools import cached_property
from typing import Any, Protocol

from ticket_assets.settings import Settings
from ticket_assets.stores.index_lists import IndexLists
from ticket_assets.stores.lists import Lists
from ticket_assets.stores.search_index import SearchIndex

Explain = Callable[[Exception], str | None]


class Embeds(Protocol):
    """Makes vectors that can be compared with the stored ones."""

    @property
    def version(self) -> str:
        """Which table of the index its vectors belong to."""
        ...

    def embed(self, text: str) -> Any:
        """A unit vector (384,) of float32."""
        ...


class Sources:
    """The stores, asked when a page needs them: the server starts without any of them."""

    def __init__(
        self,
        settings: Settings,
        embedder: Callable[[], Embeds],
        explain: Explain,
        dagster: str | None = None,
        clock: Callable[[], float] = time.time,
        *,
        corrects: bool = False,
    ) -> None:
        """`explain` says of a failure what can be done, None of a defect; `dagster` is the Dagster page's address.

        With `corrects`, whoever reaches the page may correct labels.
        """
        self.settings = settings
        self.explain = explain
        self.corrects = corrects
        self.dagster = dagster.rstrip("/") if dagster else None
        self.lists = Lists(settings.table, settings.enriched_bucket)
        self.index = SearchIndex(settings.pipeline_bucket)
        self._embedder = embedder
        self._clock = clock

    @property
    def now(self) -> int:
        """The Unix second."""
        return int(self._clock())

    @cached_property
    def embedder(self) -> Embeds:
        """Whoever made the stored vectors. Raises ModelNotAvailable."""
        return self._embedder()

    @property
    def index_lists(self) -> IndexLists:
        """The lists over the index. Raises ModelNotAvailable."""
        return IndexLists(self.index, self.embedder.version)

    def batch_url(self, batch: str | None) -> str | None:
        """Where the Dagster page shows the batch that made a record, None where it is not known."""
        return f"{self.dagster}/assets/enriched_tickets?partition={batch}" if self.dagster and batch else None
