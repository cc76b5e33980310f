"""The soak's books, asked of the stores themselves: of every key that was put, its newest version or its quarantine."""

import json
from collections import Counter
from collections.abc import Mapping

import dagster as dg

from bench.soak_traffic import Traffic
from resources.aws import client, concurrently
from resources.dynamodb import from_item
from resources.object_store import ObjectInfo
from resources.ordering import Stamp
from resources.queue import SqsQueue
from ticket_assets.assets.runs import batches_at_work
from ticket_assets.definitions import build_stores
from ticket_assets.domain.books import Books as ReconciledBooks
from ticket_assets.settings import Settings
from ticket_assets.stores.batches import Batches
from ticket_assets.stores.books import reconcile
from ticket_assets.stores.inventory import Stores
from ticket_assets.stores.quarantine import Quarantine

# What must be zero in the end.
BARS = (
    "lost",
    "stale",
    "duplicate items",
    "good in quarantine",
    "bad not in quarantine",
    "bad but enriched",
    "orphans",
    "bad messages",
    "dead letters",
    "messages in the queue",
    "pending markers",
    "failed batches",
    "runs not finished",
)
UNFINISHED = ("NOT_STARTED", "QUEUED", "STARTING", "STARTED", "CANCELING")


class Books:
    """The stores of the soak's stack."""

    def __init__(self, settings: Settings, traffic: Traffic, instance: dg.DagsterInstance) -> None:
        stores = build_stores(settings)
        self._raw, self._records, pipeline = (stores[f"{name}_store"] for name in ("raw", "record", "pipeline"))
        self._table, self._settings, self._traffic, self._instance = stores["table"], settings, traffic, instance
        self._batches, self._quarantine = Batches(pipeline), Quarantine(pipeline, self._records)

    def in_flight(self) -> dict[str, int]:
        """What is still under way, or has failed."""
        unfinished = [dg.DagsterRunStatus(status) for status in UNFINISHED]
        return {
            "messages in the queue": sum(SqsQueue(name=self._settings.queue).depth().values()),
            "pending markers": len(self._batches.pending()),
            "runs not finished": self._instance.get_runs_count(dg.RunsFilter(statuses=unfinished)),
            "failed batches": len(self._batches.failures()),
        }

    def reconciled(self) -> ReconciledBooks:
        """The pipeline's own books, as `tickets reconcile` makes them."""
        return reconcile(Stores.of(build_stores(self._settings)), lambda: batches_at_work(self._instance)).books

    def balance(self) -> tuple[dict[str, int], dict[str, list[str]]]:
        """How many keys stand in which state, every bar among the states, and some keys of each that must not be."""
        good, bad = sorted(self._traffic.good - self._traffic.bad.keys()), sorted(self._traffic.bad)
        states = dict(zip([*good, *bad], [*concurrently(self._good, good), *concurrently(self._bad, bad)], strict=True))
        items, records = self._items(), set(self._records.list_keys())
        orphans = records - states.keys() | {key for key in items if key not in self._traffic.good}
        states |= dict.fromkeys(orphans, "orphans")
        counts = Counter(states.values())
        counts["duplicate items"] = sum(count - 1 for count in items.values())
        counts["bad messages"] = len(list(self._quarantine.messages()))
        counts["dead letters"] = sum(SqsQueue(name=self._settings.dead_letter_queue).depth().values())
        counts.update(self.in_flight())
        wrong = {bar: [key for key, state in states.items() if state == bar][:20] for bar in BARS}
        return {**dict.fromkeys(BARS, 0), **counts}, {bar: keys for bar, keys in wrong.items() if keys}

    def _good(self, key: str) -> str:
        if self._quarantine.find(key):
            return "good in quarantine"
        raw, record = self._raw.head(key), self._records.find(key)
        items = [from_item(item) for item in self._table.items(key.removesuffix(".json"))]
        if raw is None or record is None or not items:
            return "lost"
        if len(items) > 1:
            return "duplicate items"
        current = _is_of(raw, record.info.metadata) and _is_of(raw, items[0]) and self._says_the_same(key, record.body)
        return "enriched" if current else "stale"

    def _says_the_same(self, key: str, record: bytes) -> bool:
        """Whether the record has the newest version's text, and not only its stamp; asked of rewritten tickets."""
        if key not in self._traffic.rewritten:
            return True
        source, told = json.loads(self._raw.get(key).body), json.loads(record)
        return all(source[name] == told[name] for name in ("subject", "body", "created_at"))

    def _bad(self, key: str) -> str:
        raw, entry = self._raw.head(key), self._quarantine.find(key)
        if self._records.head(key) or self._table.items(key.removesuffix(".json")):
            return "bad but enriched"
        return "quarantined" if raw and entry and entry.etag == raw.etag else "bad not in quarantine"

    def _items(self) -> Counter[str]:
        """How many items each key has, of a scan of the whole table."""
        pages = client("dynamodb").get_paginator("scan")
        found = pages.paginate(TableName=self._table.name, ProjectionExpression="ticket_id", ConsistentRead=True)
        return Counter(f"{item['ticket_id']['S']}.json" for page in found for item in page["Items"])


def _is_of(raw: ObjectInfo, attributes: Mapping[str, str]) -> bool:
    """Whether what carries these attributes was made from this version of the object."""
    stamp = Stamp.parse(attributes)
    return stamp is not None and (stamp.etag, stamp.last_modified) == (raw.etag, raw.last_modified)
