"""What `/metrics` exports: each name with its help, its kind and its labels. The dashboard is checked against them."""

from typing import NamedTuple

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

SECONDS = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0)


class Exported(NamedTuple):
    """One metric: `kind` is the family of prometheus-client that makes its samples."""

    kind: type[Metric]
    help: str
    labels: tuple[str, ...] = ()


# Gauges are asked of the stores with each scrape; counters and histograms come from the events and runs that Dagster's
# database got since the exporter started, so that Prometheus' rate() and increase() hold across a restart.
EXPORTED = {
    "tickets_queue_messages": Exported(
        GaugeMetricFamily, "Messages of a queue, as SQS counts them.", ("queue", "state")
    ),
    "tickets_oldest_waiting_seconds": Exported(
        GaugeMetricFamily, "For how long at most the oldest ticket waits, in queue or batch; 0 where none does."
    ),
    "tickets_batches": Exported(GaugeMetricFamily, "Batches not yet seen to run, deferred, or failed.", ("state",)),
    "tickets_runs": Exported(GaugeMetricFamily, "Unfinished runs of Dagster.", ("state",)),
    "tickets_in_quarantine": Exported(GaugeMetricFamily, "Entries that stand in quarantine.", ("reason",)),
    "tickets_books": Exported(GaugeMetricFamily, "Tickets by what became of them, as of the last books.", ("state",)),
    "tickets_books_age_seconds": Exported(GaugeMetricFamily, "How long ago the last books were made."),
    "tickets_model_records": Exported(
        GaugeMetricFamily, "Records that each version of the models made, as of the last books.", ("model_version",)
    ),
    "tickets_read_total": Exported(
        CounterMetricFamily, "Raw tickets that runs of new tickets read, again where one is retried: what came in."
    ),
    "tickets_enriched_total": Exported(
        CounterMetricFamily, "Tickets whose items runs of new tickets wrote: what went out."
    ),
    "tickets_quarantined_total": Exported(CounterMetricFamily, "Tickets that batches put in quarantine.", ("reason",)),
    "tickets_inferred_total": Exported(CounterMetricFamily, "Tickets that a model's step was given.", ("step",)),
    "tickets_inference_seconds": Exported(HistogramMetricFamily, "Seconds of a model's step, a batch.", ("step",)),
    "tickets_batch_seconds": Exported(HistogramMetricFamily, "Seconds of a batch's run.", ("result",)),
    "tickets_put_to_item_seconds": Exported(
        HistogramMetricFamily, "Seconds from a new ticket's put to its item: the median of each batch."
    ),
    "tickets_source_up": Exported(
        GaugeMetricFamily, "1 where what the numbers come from answered in time.", ("source",)
    ),
}


def family(name: str) -> Metric:
    """An empty family of samples of this name."""
    kind, told, labels = EXPORTED[name]
    return kind(name, told, labels=labels)  # pyright: ignore[reportCallIssue] - each family takes labels


def sample_names(name: str) -> set[str]:
    """Under which names a query finds the samples of this metric."""
    if EXPORTED[name].kind is HistogramMetricFamily:
        return {f"{name}_{part}" for part in ("bucket", "sum", "count")}
    return {name}
