"""`/metrics` over a real pipeline: what Prometheus would read, after things have happened."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import urlopen

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from tests.aws.cli.running import tickets
from tests.fakes import POISON, fake_suite
from tests.pipeline.test_dead_letters import Dead
from tests.support import eventually, forget_clients
from tests.unit.tickets_cli.test_metrics_names import every_sample
from ticket_assets.assets.policy import NEW_TICKETS
from ticket_assets.domain.batches import BatchFailure
from ticket_assets.domain.quarantine import Reason
from tickets_cli.metrics_names import family
from tickets_cli.metrics_server import Exporter, serving
from tickets_cli.processes import free_port

Samples = dict[tuple[str, str], float]


class Page:
    """The page at `where`, read as Prometheus does."""

    def __init__(self, where: str) -> None:
        self._where = where

    def text(self) -> str:
        with urlopen(self._where, timeout=30) as response:
            return response.read().decode()

    def samples(self) -> Samples:
        """Each value by the sample's name and its labels' values, a space between."""
        families = text_string_to_metric_families(self.text())
        return {(s.name, " ".join(s.labels.values())): s.value for found in families for s in found.samples}


@contextmanager
def page(settings) -> Iterator[Page]:
    with serving(settings, free_port()) as where:
        yield Page(where)


def make_books(pipeline) -> None:
    from tests.aws.cli.test_versions import make_books

    make_books(pipeline)


def test_what_batches_read_wrote_and_put_in_quarantine_is_counted_once(pipeline):
    assert pipeline.enrich(pipeline.put("before")).success
    with page(pipeline.settings) as served:
        assert served.samples()["tickets_read_total", ""] == 0
        pipeline.raw.put("bad.json", b"{")
        batch = pipeline.land("bad.json", pipeline.put("t1"), pipeline.put("t2"), pipeline.put("t3", body=POISON))
        assert pipeline.run(batch, tags=NEW_TICKETS).success

        first, second = served.samples(), served.samples()

    for seen in (first, second):
        assert seen["tickets_read_total", ""] == 4
        assert seen["tickets_enriched_total", ""] == 2
        assert seen["tickets_quarantined_total", "not_json"] == 1
        assert seen["tickets_quarantined_total", "model_failure"] == 1
        assert seen["tickets_inferred_total", "embed"] == 3
        assert seen["tickets_inference_seconds_count", "summarize"] == 1
        assert seen["tickets_batch_seconds_count", "success"] == 1
        assert seen["tickets_put_to_item_seconds_count", ""] == 1
        assert seen["tickets_in_quarantine", "not_json"] == 1
        assert seen["tickets_in_quarantine", "model_failure"] == 1
    assert 0 < first["tickets_batch_seconds_sum", "success"] < 600


def test_a_backfill_is_work_but_neither_tickets_in_or_out_nor_their_latency(pipeline):
    with page(pipeline.settings) as served:
        assert pipeline.enrich(pipeline.put("t1")).success
        seen = served.samples()
    assert seen["tickets_inferred_total", "embed"] == 1
    assert seen["tickets_read_total", ""] == 0
    assert seen["tickets_enriched_total", ""] == 0
    assert seen["tickets_put_to_item_seconds_count", ""] == 0


def test_what_stands_in_the_stores_is_told_as_it_is(pipeline):
    Dead(pipeline).empty()
    pipeline.batches.clear_pending(pipeline.land(pipeline.put("t1")))
    failed = pipeline.land("t2.json")
    pipeline.batches.record_failure(BatchFailure(batch=failed, run_id="r", error="e", at="2026-11-23T11:20:05Z"))
    pipeline.batches.land(pipeline.settings.raw_bucket, ["t3.json"], deferred=True)
    queue = pipeline.settings.queue
    assert eventually(lambda: pipeline.stores["queue"].depth()["waiting"])
    with page(pipeline.settings) as served:
        seen = served.samples()
        assert seen["tickets_queue_messages", f"{queue} waiting"] == 1
        assert seen["tickets_queue_messages", f"{pipeline.settings.dead_letter_queue} waiting"] == 0
        assert [seen["tickets_batches", state] for state in ("pending", "deferred", "failed")] == [1, 1, 1]
        assert seen["tickets_runs", "queued"] == 0
        assert 0 <= seen["tickets_oldest_waiting_seconds", ""] < 600
        assert ("tickets_books_age_seconds", "") not in seen

        pipeline.raw.put("bad.json", b"{")
        assert pipeline.enrich("bad.json", "t1.json").success
        entry = pipeline.quarantine.find("bad.json")
        pipeline.quarantine.add(
            [entry.model_copy(update={"reason": Reason.WRONG_SCHEMA, "read_at": entry.read_at + 1})]
        )
        make_books(pipeline)
        seen = served.samples()
        assert seen["tickets_in_quarantine", "wrong_schema"] == 1
        assert ("tickets_in_quarantine", "not_json") not in seen
        assert seen["tickets_books", "enriched"] == 1
        assert seen["tickets_model_records", fake_suite().version] == 1
        assert 0 <= seen["tickets_books_age_seconds", ""] < 600


def test_every_name_is_exported_and_no_text_is(pipeline):
    with page(pipeline.settings) as served:
        pipeline.raw.put("bad.json", b'{"secret-word"')
        assert pipeline.enrich(pipeline.put("t1", body="secret-word", customer_id="secret-word"), "bad.json").success
        make_books(pipeline)
        text = served.text()
    names = {sample.name for found in text_string_to_metric_families(text) for sample in found.samples}
    assert names & every_sample() == every_sample()
    assert "secret-word" not in text
    assert "login_issue" not in text


def test_where_aws_does_not_answer_the_page_says_so_and_tells_the_rest(pipeline, monkeypatch):
    with page(pipeline.settings) as served:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
        forget_clients()
        seen = served.samples()
        assert [seen["tickets_source_up", name] for name in ("queues", "batches", "waiting", "quarantine")] == [0] * 4
        assert [seen["tickets_source_up", name] for name in ("runs", "books", "events")] == [1, 1, 1]
        assert ("tickets_queue_messages", f"{pipeline.settings.queue} waiting") not in seen
        monkeypatch.undo()
        forget_clients()
        assert eventually(lambda: served.samples()["tickets_source_up", "queues"])


def test_a_source_that_hangs_costs_the_page_its_seconds_and_is_asked_once():
    released, asked = threading.Event(), []

    def hang():
        asked.append(1)
        released.wait(60)
        return []

    exporter = Exporter({"hangs": hang, "answers": lambda: [family("tickets_runs")]}, seconds=0.2)
    registry = CollectorRegistry()
    registry.register(exporter)

    def up(name: str) -> float | None:
        return registry.get_sample_value("tickets_source_up", {"source": name})

    try:
        assert [up("hangs"), up("hangs"), up("answers")] == [0, 0, 1]
        assert asked == [1]
    finally:
        released.set()
    assert eventually(lambda: up("hangs"))
    exporter.close()


def test_the_command_needs_a_dagster_home_and_a_free_port(named, home, pipeline):
    with page(pipeline.settings) as served:
        port = served._where.rpartition(":")[2].partition("/")[0]
        result = tickets("metrics", "--port", port)
        assert result.exit_code == 1
        assert f"port {port} of 127.0.0.1 cannot be listened on" in result.stderr
    (home / "dagster.yaml").unlink()
    result = tickets("metrics", "--port", port)
    assert (result.exit_code, "no Dagster instance in" in result.stderr) == (1, True)


@pytest.mark.parametrize("entries", [3])
def test_of_too_many_entries_the_rest_is_unread(pipeline, monkeypatch, entries):
    from tickets_cli import metrics_now

    monkeypatch.setattr(metrics_now, "MOST_ENTRIES", 2)
    keys = [f"bad{n}.json" for n in range(entries)]
    for key in keys:
        pipeline.raw.put(key, b"{")
    assert pipeline.enrich(*keys).success
    with page(pipeline.settings) as served:
        seen = served.samples()
    assert (seen["tickets_in_quarantine", "not_json"], seen["tickets_in_quarantine", "unread"]) == (2, 1)
