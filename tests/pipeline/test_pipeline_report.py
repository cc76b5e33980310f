"""The daily report over a real pipeline: its numbers are those of the batches, its pictures show them."""

import base64
import re

import dagster as dg

from tests.fakes import POISON, fake_suite
from tests.support import told
from ticket_assets.assets import pipeline_report as module
from ticket_assets.assets.policy import NEW_TICKETS
from ticket_assets.assets.ticket_books import ticket_books
from ticket_assets.domain.report import short_version

PICTURE = re.compile(r"base64,([^)]+)\)")
NAMES = ("raw_store", "record_store", "pipeline_store", "table", "queue", "search_index")


def report(pipeline, *, books: bool = True) -> dict:
    resources = {name: pipeline.stores[name] for name in NAMES}
    assets = [ticket_books, module.pipeline_report] if books else [module.pipeline_report]
    result = dg.materialize(assets, instance=pipeline.instance, resources=resources)
    assert result.success
    return told(result, "pipeline_report")


def drawn(markdown: str, title: str = "") -> str:
    """The pictures under a title, all where none is given, as SVG."""
    parts = [part for part in markdown.split("#### ") if part.startswith(title)]
    return "".join(base64.b64decode(found).decode() for part in parts for found in PICTURE.findall(part))


def test_the_report_sums_up_what_the_batches_of_the_day_told(pipeline, monkeypatch):
    monkeypatch.setattr(module, "PAGE", 1)
    pipeline.raw.put("bad.json", b"{")
    names = [("t1", {"priority": "critical"}), ("t2", {"subject": "bad payment_issue"}), ("t3", {"body": POISON})]
    keys = [pipeline.put(name, **fields) for name, fields in names]
    assert pipeline.run(pipeline.land("bad.json", *keys), tags=NEW_TICKETS).success
    assert pipeline.enrich(pipeline.put("t4")).success

    made = report(pipeline)

    expected = {
        "batches": 2, "tickets_read": 5, "tickets_enriched": 3, "tickets_quarantined": 2, "failed_batches": 0,
        "critical": 1, "negative": 1,
    }  # fmt: skip
    assert {name: made[name] for name in expected} == expected
    assert 0 < made["put_to_item_seconds"] <= made["put_to_item_seconds_slowest"] < 600
    assert made["oldest_waiting_seconds"] < 600
    page, version = made["report"], fake_suite().version
    assert "payment_issue" in drawn(page, "Labels")
    assert "model_failure" in drawn(page, "Quarantine")
    assert "enriched" in drawn(page, "Tickets an hour")
    assert all("<svg" in drawn(page, f"Confidence of {name}") for name in ("intent", "urgency", "sentiment"))
    assert "slowest" in drawn(page, "Seconds from put to item")
    assert drawn(page, "Model versions").count(short_version(version)) == 2
    assert f"| {short_version(version)} |" in page


def test_of_batches_that_ended_before_the_day_nothing_is_told(pipeline, monkeypatch):
    assert pipeline.enrich(pipeline.put("t1")).success
    monkeypatch.setattr(module, "HOURS", 0)
    made = report(pipeline, books=False)
    assert (made["batches"], made["tickets_read"]) == (0, 0)
    assert "#### Labels\n\nno tickets" in made["report"]


def test_no_text_of_a_ticket_is_in_the_report(pipeline):
    assert pipeline.enrich(
        pipeline.put("t1", subject="secret-word", body="secret-word", customer_id="secret-word")
    ).success
    made = report(pipeline)
    shown = [str(value) for value in made.values()]
    assert not any("secret-word" in text for text in shown)
    assert "secret-word" not in drawn(made["report"])
