"""The triage page and the quick commands over 10,000 tickets: time to the first byte, the first picture, of a command.

Generated tickets over two weeks, synthetic vectors in 300 clusters (an incident is in one), over the local server. The
page runs as its own process, as `tickets board` starts it. BOARD_TICKETS (10000) is how many.
"""

import os
import statistics
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from rich.table import Table

from bench.browser import browser
from bench.common import console, save, seconds_of
from bench.server import local_server
from resources.attributes import to_item
from resources.aws import client, concurrently
from resources.corrections import NEEDS_REVIEW
from resources.ordering import Record, Stamp
from ticket_assets.domain.items import table_item
from ticket_assets.domain.models import EMBEDDING_DIMENSION, EnrichedTicket
from ticket_assets.domain.search import LABELS
from ticket_assets.settings import Settings, load_settings
from ticket_assets.stores.search_index import SearchIndex
from ticket_generator.generator import TicketGenerator
from tickets_cli.processes import free_port
from tickets_cli.search import query_embedder

TICKETS, LOADED, TIMES = int(os.environ.get("BOARD_TICKETS", "10000")), 5_000, 5
CLUSTERS, SPREAD, SPAN, DOUBTFUL = 300, 0.5, 14 * 86_400, 0.5
MOODS = ("NEGATIVE", "NEUTRAL", "POSITIVE")
VIEWS = {
    "urgent": "/urgent",
    "all tickets": "/tickets",
    "a ticket": "/tickets/{ticket}",
    "overview, 7 days": "/overview",
    "overview, 30 days": "/overview?days=30",
    "incidents": "/incidents",
    "incidents, 72 hours against 264": "/incidents?hours=72&before=264",
    "search with a text": "/search?q=cannot+log+in+since+the+update&urgency=critical",
    "search by filters": "/search?urgency=critical&since=7d",
    "doubtful": "/doubtful",
    "quarantine": "/quarantine",
}
COMMANDS = {
    "tickets show urgent": ("show", "urgent"),
    "tickets show ticket ID": ("show", "ticket", "{ticket}"),
    "tickets search": ("search", "cannot log in since the update", "--urgency", "critical"),
}


def main() -> None:
    """Measure, print, and save to bench/results."""
    with local_server() as folder:
        ticket = _fill(load_settings())
        commands = {name: _command([word.format(ticket=ticket) for word in words]) for name, words in COMMANDS.items()}
        with _board(folder) as (address, started):
            pages = {name: _page(address, path.format(ticket=ticket)) for name, path in VIEWS.items()}
    table = Table("view", "first ever, s", "first byte, median s", "first contentful paint, s", "KB")
    for name, figures in pages.items():
        table.add_row(name, *(f"{figure:,.3f}" for figure in figures.values()))
    console.print(table)
    for name, seconds in commands.items():
        console.print(f"{name}: {seconds:.2f} s, median of {TIMES}", highlight=False)
    save("board", {"tickets": TICKETS, "views": pages, "commands": commands, "start of the page, s": started})


def _fill(settings: Settings) -> str:
    """Items, index and records; returns the newest ticket's id."""
    random, now = np.random.default_rng(7), int(time.time())
    centres = random.standard_normal((CLUSTERS, EMBEDDING_DIMENSION))
    embedder, generator = query_embedder(settings).version, TicketGenerator(seed=7)
    index = SearchIndex(settings.pipeline_bucket)
    for first in range(0, TICKETS, LOADED):
        records = []
        for number in range(first, min(TICKETS, first + LOADED)):
            raw, meant = generator.generate_labelled(now - SPAN + (number + 1) * SPAN // TICKETS)
            cluster = zlib.crc32(meant.incident.encode()) if meant.incident else random.integers(CLUSTERS)
            vector = centres[cluster % CLUSTERS] + SPREAD * random.standard_normal(EMBEDDING_DIMENSION)
            made = {
                "embedding": (vector / np.linalg.norm(vector)).astype(np.float32).tolist(),
                "intent": meant.intent, "urgency": meant.urgency,
                "sentiment": MOODS[random.choice(3, p=[0.5, 0.35, 0.15])],
                **{f"{label}_confidence": float(random.uniform(0.3, 1)) for label in LABELS},
                "summary": "The report exports nothing since the update of Monday.",
                "processed_at": "2026-01-01T00:00:00Z", "model_version": f"embedded/{embedder}/other@1",
            }  # fmt: skip
            body = EnrichedTicket.model_validate({**raw, "enrichment": made})
            key, stamp = f"{body.ticket_id}.json", Stamp(last_modified=1, read_at=1, run_start=1, etag="e")
            records.append(Record[EnrichedTicket](key=key, source=key, stamp=stamp, labels={"batch": "b"}, body=body))
        index.upsert(records, lambda *_: False)
        concurrently(lambda record: _put(settings, record), records)
    index.table(embedder).settle()
    newest = client("dynamodb").query(
        TableName=settings.table, IndexName="urgency-index", KeyConditionExpression="urgency = :u",
        ExpressionAttributeValues={":u": {"S": "high"}}, ScanIndexForward=False, Limit=1,
    )  # fmt: skip
    return newest["Items"][0]["ticket_id"]["S"]


def _put(settings: Settings, record: Record[EnrichedTicket]) -> None:
    values = table_item(record.body, "b").model_dump(exclude_none=True)
    if values["intent_confidence"] < DOUBTFUL:
        values[NEEDS_REVIEW] = "intent"
    client("dynamodb").put_item(TableName=settings.table, Item=to_item({**values, **record.attributes()}))
    client("s3").put_object(
        Bucket=settings.enriched_bucket, Key=record.key, Body=record.body.model_dump_json().encode(),
        Metadata=record.attributes(),
    )  # fmt: skip


def _page(address: str, path: str) -> dict[str, float]:
    """A view: the first answer of a fresh server for it, the median after, the browser's first paint, its size."""
    size = 0

    def ask() -> None:
        nonlocal size
        connection = HTTPConnection(urlsplit(address).netloc, timeout=60)
        connection.request("GET", path)
        answer = connection.getresponse()
        if answer.status != 200:
            raise RuntimeError(f"{path}: status {answer.status}")
        size = len(answer.read())
        connection.close()

    first = seconds_of(ask)
    after = statistics.median(seconds_of(ask) for _ in range(TIMES))
    return {
        "first ever": first,
        "first byte": after,
        "first contentful paint": _paint(address + path),
        "KB": size / 1e3,
    }


def _paint(url: str) -> float:
    with browser() as page:  # a fresh one each time: nothing is cached
        page.size(390, 844)
        page.load(url)
        found = "performance.getEntriesByName('first-contentful-paint')"
        page.wait_for(f"{found}.length > 0")
        return page.value(f"{found}[0].startTime") / 1e3


def _command(arguments: list[str]) -> float:
    command = [sys.executable, "-m", "tickets_cli.quick", *arguments, "--json"]
    run: Callable[[], Any] = lambda: subprocess.run(command, check=True, capture_output=True)  # noqa: E731, S603
    return statistics.median(seconds_of(run) for _ in range(TIMES))


@contextmanager
def _board(folder: Path) -> Iterator[tuple[str, float]]:
    """`tickets board` in a process of its own; its address, and how long it took to listen."""
    port, begun = free_port(), time.perf_counter()
    command = [sys.executable, "-m", "tickets_cli.quick", "board", "--port", str(port)]
    with (folder / "board.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603 - our own command
        try:
            while not _answers(port):
                if process.poll() is not None:
                    raise RuntimeError((folder / "board.log").read_text())
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}", time.perf_counter() - begun
        finally:
            process.terminate()
            process.wait(30)


def _answers(port: int) -> bool:
    try:
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/static/icon.svg")
        return connection.getresponse().status == 200
    except OSError:
        return False


if __name__ == "__main__":
    main()
