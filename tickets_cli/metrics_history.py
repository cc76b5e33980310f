"""What happened since the exporter started, read from Dagster's database: only what is newer than the last look.

The database is the ledger; here are a cursor and sums, so that a scrape costs the same with 50,000 batches as with one.
"""

import time
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import dagster as dg
from prometheus_client.core import Metric

from ticket_assets.assets.policy import NEW_TICKETS, PARTITION_TAG
from ticket_assets.domain.quarantine import Reason
from tickets_cli.metrics_names import SECONDS, family

PAGE = 200
ENDED = {
    dg.DagsterRunStatus.SUCCESS: "success",
    dg.DagsterRunStatus.FAILURE: "failure",
    dg.DagsterRunStatus.CANCELED: "canceled",
}
STEPS = {"embedded_tickets": "embed", "classified_tickets": "classify", "summarized_tickets": "summarize"}
ASSETS = ("raw_tickets", *STEPS, "enriched_tickets", "ticket_metadata")
REMEMBERED = 20_000  # runs: one that is touched after its end is met again
OVERLAP = 60  # seconds: runs that end at once may be written in another order than they are stamped


class Histogram:
    """Observations by the buckets of SECONDS."""

    def __init__(self) -> None:
        self._counts = [0] * (len(SECONDS) + 1)
        self.sum = 0.0

    def observe(self, seconds: float) -> None:
        """Count one."""
        self._counts[bisect_left(SECONDS, seconds)] += 1
        self.sum += seconds

    def buckets(self) -> list[tuple[str, float]]:
        """Each bucket's upper bound with the count of all that lie below it."""
        bounds, total, found = [*map(str, SECONDS), "+Inf"], 0, []
        for bound, count in zip(bounds, self._counts, strict=True):
            total += count
            found.append((bound, float(total)))
        return found


class History:
    """Counters and histograms over `instance`, from now on."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self._instance = instance
        self._begun = time.time()
        self._looked = self._begun
        newest = instance.event_log_storage.get_maximum_record_id() or 0
        self._cursors = dict.fromkeys(ASSETS, newest)
        self._seen: deque[str] = deque(maxlen=REMEMBERED)
        self._counts: Counter[tuple[str, str]] = Counter()
        self._histograms: dict[tuple[str, str], Histogram] = {
            **{("tickets_inference_seconds", step): Histogram() for step in STEPS.values()},
            **{("tickets_batch_seconds", result): Histogram() for result in ENDED.values()},
            ("tickets_put_to_item_seconds", ""): Histogram(),
        }

    def look(self) -> list[Metric]:
        """Take in what is new, and give all families."""
        for asset in ASSETS:
            for metadata, new in self._new(asset):
                self._take_in(asset, metadata, new=new)
        self._take_in_runs()
        return [*self._counters(), *self._filled_histograms()]

    def _new(self, asset: str) -> Iterator[tuple[Mapping[str, Any], bool]]:
        """What the asset's new materializations tell, as values by name, and whether a run of new tickets made each."""
        while True:
            wanted = dg.AssetRecordsFilter(dg.AssetKey(asset), after_storage_id=self._cursors[asset])
            page = self._instance.fetch_materializations(wanted, limit=PAGE, ascending=True).records
            runs = self._of_new_tickets([record.run_id for record in page])
            for record in page:
                self._cursors[asset] = record.storage_id
                if made := record.asset_materialization:
                    yield {name: entry.value for name, entry in made.metadata.items()}, record.run_id in runs
            if len(page) < PAGE:
                return

    def _of_new_tickets(self, runs: list[str]) -> set[str]:
        """Those of the runs that are not of a backfill or a batch that `tickets reprocess` made."""
        wanted = dg.RunsFilter(run_ids=runs, tags=NEW_TICKETS) if runs else None
        return {run.run_id for run in self._instance.get_runs(wanted)} if wanted else set()

    def _take_in(self, asset: str, told: Mapping[str, Any], *, new: bool) -> None:
        tickets = told.get("tickets", 0)
        if asset == "raw_tickets":
            self._counts["tickets_read_total", ""] += (tickets + told.get("quarantined", 0)) * new
            for reason, count in told.get("quarantine_reasons", {}).items():
                self._counts["tickets_quarantined_total", reason] += count
        elif asset in STEPS:
            self._counts["tickets_inferred_total", STEPS[asset]] += tickets
            seconds = told.get("milliseconds_per_ticket", 0.0) * tickets / 1000
            self._histograms["tickets_inference_seconds", STEPS[asset]].observe(seconds)
        elif asset == "enriched_tickets":
            self._counts["tickets_quarantined_total", Reason.MODEL_FAILURE.value] += told.get("quarantined", 0)
        else:
            self._counts["tickets_enriched_total", ""] += tickets * new
            if "put_to_item_seconds" in told:
                self._histograms["tickets_put_to_item_seconds", ""].observe(told["put_to_item_seconds"])

    def _take_in_runs(self) -> None:
        """The runs of batches that have ended since the start, once each."""
        since, self._looked = self._looked - OVERLAP, time.time()
        wanted = dg.RunsFilter(statuses=list(ENDED), updated_after=datetime.fromtimestamp(since, UTC))
        for record in self._instance.get_run_records(wanted):
            run, start, end = record.dagster_run, record.start_time, record.end_time
            fresh = end is not None and end > self._begun and run.run_id not in self._seen
            if start and end and fresh and PARTITION_TAG in run.tags:
                self._seen.append(run.run_id)
                self._histograms["tickets_batch_seconds", ENDED[run.status]].observe(end - start)

    def _counters(self) -> Iterator[Metric]:
        reasons = {reason.value for reason in Reason} - {Reason.BAD_MESSAGE, Reason.DEAD_LETTER, Reason.DROPPED}
        labels = {
            "tickets_read_total": [""],
            "tickets_enriched_total": [""],
            "tickets_quarantined_total": sorted(reasons),
            "tickets_inferred_total": list(STEPS.values()),
        }
        for name, values in labels.items():
            counter: Any = family(name)
            for value in values:
                counter.add_metric([value] if value else [], self._counts[name, value])
            yield counter

    def _filled_histograms(self) -> list[Metric]:
        families: dict[str, Any] = {name: family(name) for name, _ in self._histograms}
        for (name, label), histogram in self._histograms.items():
            families[name].add_metric([label] if label else [], histogram.buckets(), histogram.sum)
        return list(families.values())
