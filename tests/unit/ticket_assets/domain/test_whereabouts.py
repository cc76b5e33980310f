"""One line on where a ticket is."""

import pytest

from tests.unit.ticket_assets.domain.test_books import AFTER, BEFORE, NOW, RAW, RECORD, entry
from ticket_assets.domain.books import FORGOTTEN, Source
from ticket_assets.domain.whereabouts import Evidence, verdict

NOTHING = Evidence(raw=None, record=None, made_from=[], entry=None, going=[], failed=[], messages=0)
ERASED = Source(FORGOTTEN, 99_999_999_999)


@pytest.mark.parametrize(
    ("seen", "state", "detail"),
    [
        ({}, "unknown", ""),
        ({"messages": 3}, "unknown", ""),
        ({"raw": RAW, "record": RECORD, "made_from": [NOW]}, "enriched", ""),
        ({"raw": RAW, "record": RECORD, "made_from": [AFTER], "entry": entry("before", 90)}, "enriched", ""),
        ({"raw": RAW, "entry": entry("now", 100), "going": ["b-1"]}, "quarantined", "not_json"),
        ({"raw": RAW, "entry": entry("before", 90)}, "missing", "reconcile --replay"),
        ({"raw": RAW, "going": ["b-1", "b-2"], "failed": ["b-0"]}, "in flight", "in batch b-2"),
        ({"raw": RAW, "failed": ["b-0"], "messages": 1}, "failed", "in batch b-0"),
        ({"raw": RAW, "messages": 1_234}, "in flight", "queue, which has 1,234"),
        ({"raw": RAW, "record": RECORD, "made_from": [BEFORE]}, "stale", "older version"),
        ({"raw": RAW, "record": RECORD, "made_from": [BEFORE, NOW]}, "stale", "it has 2 items; `tickets reconcile"),
        ({"raw": RAW, "record": RECORD}, "missing", ""),
        ({"raw": RAW, "young": True}, "in flight", "put just now"),
        ({"raw": RAW, "record": RECORD, "made_from": [NOW], "young": True}, "enriched", ""),
        ({"record": RECORD, "made_from": [NOW]}, "enriched", "orphaned"),
        ({"record": RECORD, "made_from": [ERASED]}, "forgotten", ""),
        ({"record": RECORD}, "missing", "only one"),
        ({"made_from": [NOW]}, "missing", "only one"),
        ({"entry": entry("", 0)}, "quarantined", "not_json"),
        ({"going": ["b-1"]}, "in flight", "b-1"),
        ({"failed": ["b-1"]}, "failed", "b-1"),
    ],
)
def test_a_ticket_is_where_the_evidence_says(seen, state, detail):
    found = verdict(NOTHING._replace(**seen))

    assert found.state == state
    assert detail in found.detail
