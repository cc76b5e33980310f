"""Ordered writes under random interleavings of their steps, with writers killed in the middle.

Whatever the order, when every killed writer's work was done again, one current record of the newest version stands.
"""

import functools
import random
from typing import NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from resources.dynamodb import from_item
from resources.dynamodb_io import DynamoDBIOManager
from resources.ordering import Outcome, Record, Stamp
from resources.record_io import S3RecordIOManager
from tests.aws.interleaving import TurnStore, TurnTable, interleave
from tests.support import enriched_ticket, item_record
from ticket_assets.domain.models import EnrichedTicket
from ticket_assets.domain.quarantine import QuarantineEntry, Reason
from ticket_assets.stores.correcting import decide
from ticket_assets.stores.quarantine import Quarantine

# Three defects made on purpose in the writing of records were seen after 12 examples at most; of the others some need
# more than 60.
FEW, MANY = 60, 150
MOST = 4


class Version(NamedTuple):
    """One version of the ticket's raw object, as a run reads it."""

    second: int
    read_at: float
    created_at: int
    good: bool


class Play(NamedTuple):
    """Writers of these versions, the last of them current; `seed` chooses the order of their steps."""

    versions: list[Version]
    seed: int
    killed_at: dict[int, int]
    etags: tuple[str, ...] = ()

    def stamp(self, number: int) -> Stamp:
        version = self.versions[number]
        return Stamp(last_modified=version.second, read_at=version.read_at, run_start=0, etag=self.etags[number])


@st.composite
def plays(draw, *, bad: bool = False) -> Play:
    """Seconds may repeat: then the raw object itself tells which version is current."""
    count = draw(st.integers(2, MOST))
    seconds = sorted(draw(st.lists(st.integers(100, 102), min_size=count, max_size=count)))
    created = draw(st.lists(st.sampled_from([5, 6]), min_size=count, max_size=count))
    good = [not bad or draw(st.booleans()) for _ in range(count)]
    versions = [Version(s, 200.0 + n, c, g) for n, (s, c, g) in enumerate(zip(seconds, created, good, strict=True))]
    return Play(
        versions,
        draw(st.integers(0, 2**32)),
        draw(st.dictionaries(st.integers(0, count - 1), st.integers(0, 6), max_size=2)),
    )


@pytest.fixture
def stage(settings):
    """The stores, all of whose accesses are steps."""
    raw, records, pipeline = (
        TurnStore(bucket=b) for b in (settings.raw_bucket, settings.enriched_bucket, settings.pipeline_bucket)
    )
    table = TurnTable(name=settings.table, hash_key="ticket_id", range_key="created_at")
    return Stage(raw, records, pipeline, table)


class Stage:
    def __init__(self, raw, records, pipeline, table) -> None:
        self.raw, self.records, self.pipeline, self.table = raw, records, pipeline, table
        self.record_io = S3RecordIOManager(records=records, sources=raw, receipts=pipeline)
        self.items_io = DynamoDBIOManager(table=table, sources=raw)
        self.quarantine = Quarantine(pipeline, records)
        self.examples = 0

    def prepare(self, play: Play) -> tuple[Play, str]:
        """A ticket of this example's own, whose raw object is at its last version."""
        self.examples += 1
        key = f"T-{self.examples}.json"
        etags = tuple(self.raw.put(key, f"version {n}".encode()) for n in range(len(play.versions)))
        return play._replace(etags=etags), key

    def perform(self, play: Play, works: list) -> None:
        interleave(works, random.Random(play.seed), play.killed_at)
        for number in play.killed_at:
            works[number]()


def a_record(play: Play, number: int, key: str) -> Record[EnrichedTicket]:
    name = key.removesuffix(".json")
    # To S3 two records of the same bytes are one: versions differ in what they say.
    ticket = enriched_ticket(ticket_id=name, created_at=play.versions[number].created_at, subject=f"version {number}")
    return Record[EnrichedTicket](key=key, source=key, stamp=play.stamp(number), body=ticket)


def examples(number: int):
    """Hypothesis's examples share the test's buckets; each has a ticket of its own."""
    return settings(max_examples=number, suppress_health_check=list(settings().suppress_health_check))


def test_whatever_the_order_of_steps_the_newest_record_stands(stage):
    @examples(FEW)
    @given(plays())
    def check(play):
        play, key = stage.prepare(play)
        works = [functools.partial(stage.record_io.write, a_record(play, n, key)) for n in range(len(play.versions))]
        stage.perform(play, works)
        assert Stamp.parse(stage.records.head(key).metadata) == play.stamp(len(works) - 1)

    check()


def test_whatever_the_order_of_steps_one_item_of_the_newest_version_stands(stage):
    @examples(MANY)
    @given(plays())
    def check(play):
        play, key = stage.prepare(play)
        name = key.removesuffix(".json")
        works = [
            functools.partial(
                stage.items_io.write,
                item_record(play.stamp(n), version.created_at, ticket_id=name),
            )
            for n, version in enumerate(play.versions)
        ]
        stage.perform(play, works)
        (item,) = [from_item(found) for found in stage.table.items(name)]
        assert Stamp.parse(item) == play.stamp(len(works) - 1)
        assert item["created_at"] == play.versions[-1].created_at

    check()


def test_whatever_the_order_of_steps_no_decision_of_a_person_is_lost(stage):
    labels = ("high", "low")
    # A writer that finds itself superseded has a decision that the newer item knows nothing of.
    versions = [Version(100, 200.0, 5, True), Version(100, 201.0, 5, True), Version(101, 202.0, 5, True)]

    @examples(MANY)
    @example(Play([*versions, Version(101, 203.0, 6, True)], 3142287, {}))
    @given(plays())
    def check(play):
        play, key = stage.prepare(play)
        name = key.removesuffix(".json")
        versions = [item_record(play.stamp(n), v.created_at, ticket_id=name) for n, v in enumerate(play.versions)]
        stage.items_io.write(versions[0])
        people = [functools.partial(decide, stage.table, name, {"urgency": label}) for label in labels]
        stage.perform(play, [*(functools.partial(stage.items_io.write, version) for version in versions), *people])
        (item,) = [from_item(found) for found in stage.table.items(name)]
        assert Stamp.parse(item) == versions[-1].stamp
        assert {one["values"]["urgency"] for one in item["corrections"]} == set(labels)
        assert item["revision"] == len(labels)

    check()


def test_whatever_the_order_of_steps_the_newest_version_is_enriched_or_in_quarantine_and_never_both(stage):
    def outcome(play: Play, number: int, key: str) -> None:
        """What a run does with its version: quarantine it, or write the record and clear older entries."""
        version = play.versions[number]
        if not version.good:
            entry = QuarantineEntry(
                key=key,
                reason=Reason.NOT_JSON,
                errors=[],
                etag=play.etags[number],
                last_modified=version.second,
                read_at=version.read_at,
                batch="b",
                at="2026-01-02T03:04:05Z",
            )
            stage.quarantine._add(entry, lambda _: b"as read")  # in this thread, whose turns are counted
            return
        stamp = play.stamp(number)
        if stage.record_io.write(a_record(play, number, key)) is Outcome.SUPERSEDED:
            stamp = Stamp.parse(stage.records.head(key).metadata)
        for suspect in stage.quarantine.suspects([key]):
            stage.quarantine._clear(suspect, stamp)

    @examples(MANY)
    @given(plays(bad=True))
    def check(play):
        # Of two versions of one second, the one that was read later is newer for quarantine; it asks no source.
        play, key = stage.prepare(play)
        stage.perform(play, [functools.partial(outcome, play, n, key) for n in range(len(play.versions))])
        entry, record = stage.quarantine.find(key), stage.records.head(key)
        newest = len(play.versions) - 1
        if play.versions[newest].good:
            assert entry is None
            assert Stamp.parse(record.metadata) == play.stamp(newest)
        else:
            assert entry.etag == play.etags[newest]

    check()
