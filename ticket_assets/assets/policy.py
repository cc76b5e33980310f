"""What holds for every asset, said once: partitions, group, owners, where its description comes from.

An asset's own module says the rest; its docstring is the description that the Dagster UI shows.
"""

import inspect
import time
from collections.abc import Callable, Sequence
from typing import Any

import dagster as dg

BATCHES = dg.DynamicPartitionsDefinition(name="ticket_batches")
PARTITION_TAG = "dagster/partition"  # Dagster's own, on each run of a batch
NEW_TICKETS = {"dagster/priority": "10"}  # on runs of new tickets, which are waited for; a backfill has time
QUEUE_SENSOR = "ticket_queue_sensor"
NO_NEW_TICKETS = "no new tickets"  # what a tick of it says that found its queue empty
GROUP = "ticket_enrichment"
OWNERS = ["team:support-platform"]


def ticket_asset(**own: Any) -> Callable[[Callable], dg.AssetsDefinition]:
    """An `@asset` under this policy; `own` is what differs. `code_version` and `kinds` are never left out."""

    def decorate(function: Callable) -> dg.AssetsDefinition:
        description = inspect.getdoc(inspect.getmodule(function))
        policy = {"partitions_def": BATCHES, "group_name": GROUP, "owners": OWNERS, "description": description}
        return dg.asset(**{**policy, **own})(function)

    return decorate


class Stopwatch:
    """Measures the work of one asset, for metadata that can be plotted over partitions."""

    def __init__(self) -> None:
        self._start = time.perf_counter()

    def per_ticket(self, tickets: int) -> float:
        """Milliseconds a ticket since the start."""
        return round(1000 * (time.perf_counter() - self._start) / max(1, tickets), 2)


def mean(values: Sequence[float]) -> float:
    """The mean, 0 of nothing, rounded for display."""
    return round(sum(values) / len(values), 4) if values else 0.0
