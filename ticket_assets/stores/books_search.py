"""What the books say of the search index: which tickets with an item it lacks, or has in an older version."""

from collections.abc import Sequence
from itertools import groupby

from resources.dynamodb import Item
from resources.lance_client import IndexUnavailable
from ticket_assets.domain.search import embedder_of
from ticket_assets.stores.search_index import SearchIndex


class Searchable:
    """Counts what the index lacks of the items that it is shown; `problem` says why it cannot be asked."""

    def __init__(self, index: SearchIndex, most_named: int) -> None:
        self._index = index
        self._most_named = most_named
        self.lacking = 0
        self.names: list[str] = []
        self.problem: str | None = None

    def look(self, items: Sequence[Item]) -> None:
        """Ask the index for these items' tickets: each in the table of the embedder that made its vector."""
        live = sorted((item for item in items if "model_version" in item), key=_embedder)
        try:
            for embedder, own in groupby(live if self.problem is None else [], key=_embedder):
                self._compare(embedder, {item["ticket_id"]["S"]: item["stamp"]["S"] for item in own})
        except IndexUnavailable as error:
            self.problem = str(error)

    def notes(self) -> list[str]:
        """What to do, where there is something to do."""
        if self.problem is not None:
            return [f"not asked what can be searched: {self.problem}"]
        if not self.lacking:
            return []
        return [f"{self.lacking:,} enriched tickets are not in the search index: `tickets reindex` brings them in"]

    def _compare(self, embedder: str, wanted: dict[str, str]) -> None:
        there = self._index.stamps(embedder, wanted)
        lacking = [ticket_id for ticket_id, stamp in wanted.items() if there.get(ticket_id, "") < stamp]
        self.lacking += len(lacking)
        self.names += lacking[: self._most_named - len(self.names)]


def _embedder(item: Item) -> str:
    return embedder_of(item["model_version"]["S"])
