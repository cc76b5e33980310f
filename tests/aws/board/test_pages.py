"""Each view over HTTP: what it shows, how it is filtered, and that it asks the table by queries alone."""

import re

import pytest

from resources.aws import client
from tests.aws.board.conftest import now
from tests.aws.cli.conftest import NAMES
from tests.aws.cli.running import tickets
from ticket_assets.settings import variable

ROW = re.compile(r'<td role="cell" class="what"> <a href="/tickets/([^"]+)">')
FRESH = ["hostile", "fresh-1", "fresh-2", "fresh-3"]
VIEWS = (
    "/urgent", "/urgent?urgency=critical&since=24h", "/tickets", "/tickets?list=sentiment:NEGATIVE", "/doubtful",
    "/doubtful?reason=intent&since=7d", "/search", "/search?q=login", "/search?urgency=high&since=7d", "/overview",
    "/overview?days=1", "/overview?days=30", "/incidents", "/incidents?hours=1&before=336&near=0.9&least=2",
    "/quarantine", "/quarantine?reason=not_json", "/tickets/fresh-1", "/tickets/hostile",
)  # fmt: skip


@pytest.fixture(scope="module")
def board(filled, serve_to_all):
    return serve_to_all(filled.settings, dagster="http://localhost:3000/")


def rows(text: str) -> list[str]:
    """The tickets of a page's table, in order."""
    return ROW.findall(text)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/urgent", ["hostile", "fresh-1", "fresh-2"]),
        ("/urgent?urgency=critical", ["fresh-1"]),
        ("/urgent?since=45m", ["hostile", "fresh-1"]),
        ("/tickets?since=24h", FRESH),
        ("/tickets?list=sentiment:NEGATIVE", ["fresh-3"]),
        ("/tickets?list=intent:payment_issue", ["fresh-2"]),
        ("/tickets?list=intent:payment_issue&since=", ["fresh-2"]),
        ("/tickets?customer=C+7%2F%26", ["fresh-3"]),
        ("/doubtful", ["fresh-3"]),
        ("/doubtful?reason=intent&since=24h", ["fresh-3"]),
        ("/doubtful?reason=urgency", []),
        ("/search?sentiment=negative", ["fresh-3"]),
        ("/search?urgency=high&since=24h", ["hostile", "fresh-2"]),
        ("/search?q=payment&intent=payment_issue", ["fresh-2"]),
    ],
)  # fmt: skip
def test_a_list_has_its_tickets_newest_first(board, path, expected):
    assert rows(board.shown(path)) == expected


def test_no_view_scans(board):
    seen: list[str] = []
    events = client("dynamodb").meta.events
    listen = lambda model, **_: seen.append(model.name)  # noqa: E731
    events.register("before-call.dynamodb", listen)
    try:
        for path in VIEWS:
            board.shown(path)
    finally:
        events.unregister("before-call.dynamodb", listen)
    assert set(seen) == {"Query"}


def test_older_pages_follow_to_the_end_and_keep_their_filters(pipeline, serve):
    assert pipeline.enrich(
        *(pipeline.put(f"T-{n:02}", created_at=now() - n // 3, priority="high") for n in range(60))
    ).success
    board = serve(pipeline.settings)
    for start in ("/urgent?urgency=high&since=24h", "/search?urgency=high&since=24h"):
        path, seen = start, []
        while path:
            text = board.shown(path)
            seen += rows(text)
            found = re.search(r'href="([^"]+)" rel="next"', text)
            path = found[1].replace("&amp;", "&") if found else None
            assert path is None or "since=24h" in path
        assert sorted(seen) == [f"T-{n:02}" for n in range(60)], start


def test_a_ticket_has_its_labels_with_reasons_its_neighbours_and_where_it_comes_from(board, filled):
    text = board.shown("/tickets/fresh-1")

    assert "The producer set this priority, which wins over the model." in text
    assert "of the 9 nearest tickets have this label" in text
    assert len(rows(text)) == 5
    assert "fresh-1" not in rows(text)
    assert f"s3://{filled.settings.enriched_bucket}/fresh-1.json" in text
    batch = filled.items("fresh-1")[0]["batch"]
    assert f'href="http://localhost:3000/assets/enriched_tickets?partition={batch}"' in text
    assert "length-embedder@1" in text


def test_the_overview_counts_and_says_what_changed(pipeline, serve):
    today = [pipeline.put(f"now-{n}", created_at=now() - 60 * n, subject="bad payment_issue") for n in range(12)]
    before = [pipeline.put(f"old-{n}", created_at=now() - 90_000 - 28_000 * n) for n in range(18)]
    assert pipeline.enrich(*today, *before).success

    text = serve(pipeline.settings).shown("/overview?days=7")

    assert "<strong>30</strong> tickets in the last 7 days" in text
    assert "<strong>12</strong> tickets in the last 24 hours" in text
    changed = text.partition('id="changed"')[2].partition("</section>")[0]
    assert re.search(
        r"payment issue</a></th> <td class=\"number\">12</td> <td class=\"number\">0</td> <td class=\"up\"", changed
    )
    assert "login issue" not in changed


def test_an_incident_is_a_group_that_rises_with_examples(pipeline, serve):
    """Near are texts of about the same length, to the fake embedder."""
    words = {"now": "it is down " * 3, "old": "how do I " * 300}
    today = [
        pipeline.put(f"now-{n}", created_at=now() - 60 * n, body=words["now"], customer_id=f"C-{n}") for n in range(9)
    ]
    before = [pipeline.put(f"old-{n}", created_at=now() - 30_000 - 9_000 * n, body=words["old"]) for n in range(20)]
    assert pipeline.enrich(*today, *before, pipeline.put("alone", created_at=now() - 5, body=words["old"])).success
    board = serve(pipeline.settings)

    text = board.shown("/incidents?near=0.99")

    assert "<strong>1 group rises</strong>" in text
    assert "9 tickets of 9 customers: login issue" in text
    assert len(rows(text)) == 3
    assert all(name.startswith("now") for name in rows(text))
    assert "6 more" in text
    assert "1 are in no group" in text
    assert "Nothing rises." in board.shown("/incidents?hours=36&before=72&near=0.99")


def test_quarantine_says_why_when_and_what_to_do(board):
    text = board.shown("/quarantine")

    assert "2 entries, newest first" in text
    assert "<code>tickets quarantine show bad.json</code>" in text
    assert "<code>tickets quarantine show &#39;&lt;b&gt;bad&lt;/b&gt;.json&#39;</code>" in text
    assert "The producer must put a good version under the same key" in text
    assert "Nothing is in quarantine for that reason" in board.shown("/quarantine?reason=dead_letter")


def test_texts_are_shown_masked_where_the_setting_allows_it_and_else_their_length(spoiled, serve):
    spoiled.put(
        "phone", body="Call 0171/1234567 at once, or write to me@example.com", created_at=now(), customer_id="ACME"
    )
    assert spoiled.enrich("phone.json").success
    hidden = serve(spoiled.settings)
    shown = serve(spoiled.settings.model_copy(update={"show_text": True}))

    for path in ("/tickets/phone", "/tickets", "/search?q=login", "/incidents"):
        assert "Call" not in hidden.shown(path)
        assert "login_issue of" not in hidden.shown(path)
        assert "ACME" not in hidden.shown(path)
        assert "0171" not in shown.shown(path)
    assert "Call [phone] at once, or write to [e-mail]" in shown.shown("/tickets/phone")
    assert '<a href="/tickets?customer=ACME">ACME</a>' in shown.shown("/tickets/phone")
    assert "login_issue of phone" in shown.shown("/tickets")


def test_a_forgotten_ticket_is_on_no_page(spoiled, serve, monkeypatch):
    for name in NAMES:
        monkeypatch.setenv(variable(name), getattr(spoiled.settings, name))
    board = serve(spoiled.settings)
    assert tickets("forget", "fresh-2", "--yes").exit_code in {0, 1}  # 1: a file of the index may need its 15 minutes

    assert board.get("/tickets/fresh-2").status == 404
    for path in ("/urgent", "/tickets", "/search?q=payment", "/doubtful", "/tickets/fresh-1"):
        assert "fresh-2" not in board.shown(path)
