"""What is exported, by the names that a query uses."""

from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from tickets_cli.metrics_history import Histogram
from tickets_cli.metrics_names import EXPORTED, family, sample_names


class Everything(Collector):
    """One sample of each metric."""

    def collect(self):
        for name, exported in EXPORTED.items():
            made: Any = family(name)
            labels = ["x"] * len(exported.labels)
            if isinstance(made, HistogramMetricFamily):
                made.add_metric(labels, Histogram().buckets(), 0.0)
            else:
                made.add_metric(labels, 1)
            yield made


def every_sample() -> set[str]:
    """The names under which prometheus-client itself writes the samples."""
    registry = CollectorRegistry()
    registry.register(Everything())
    text = generate_latest(registry).decode()
    return {sample.name for metric in text_string_to_metric_families(text) for sample in metric.samples}


def test_the_samples_have_the_names_that_are_told():
    assert every_sample() == {name for metric in EXPORTED for name in sample_names(metric)}


def test_each_metric_says_what_it_is():
    assert all(len(exported.help) > 20 for exported in EXPORTED.values())


def test_a_histogram_counts_each_observation_in_every_bucket_above_it():
    histogram = Histogram()
    for seconds in (0.5, 0.6, 9_999.0):
        histogram.observe(seconds)

    counts = dict(histogram.buckets())
    assert (counts["0.5"], counts["1.0"], counts["3600.0"], counts["+Inf"]) == (1, 2, 2, 3)
    assert histogram.sum == 10_000.1
