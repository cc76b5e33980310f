"""What the pages say of what they do not show, and of what people decided."""

import re

import pytest

from tests.aws.board.conftest import OfRole, now
from tests.aws.board.test_pages import rows
from tests.fakes import LengthEmbedder, fake_suite
from ticket_assets.domain.quarantine import MessageEntry, Reason
from ticket_assets.stores import quarantine_list
from ticket_assets.stores.correcting import decide
from tickets_board import incidents_page, quarantine_page

BODY = "how do I find it " * 20


class NewEmbedder(OfRole):
    """The embedder after a change of models."""

    version = LengthEmbedder(revision="2").version


def part(text: str, name: str) -> str:
    """What the ticket's page says of one label."""
    return text.partition(f"<h3>{name}</h3>")[2].partition("</div>")[0]


def test_a_persons_decision_is_said_with_its_day_and_what_was_said_without_it(pipeline, serve):
    assert pipeline.enrich(pipeline.put("T", priority="high", created_at=now())).success
    decide(pipeline.stores["table"], "T", {"urgency": "low", "intent": "payment_issue"})
    (item,) = pipeline.items("T")
    when = item["corrections"][0]["at"].replace("T", " ").replace("Z", " UTC")
    board = serve(pipeline.settings)

    text = board.shown("/tickets/T")
    assert f"A person decided on {when}; the producer says high." in part(text, "Urgency")
    assert f"A person decided on {when}; the models say login_issue (0.75)." in part(text, "Intent")
    for name in ("Urgency", "Intent"):
        assert '<span class="sure">by a person</span>' in part(text, name)
        assert "1.00" not in part(text, name)
    assert "by a person" not in part(text, "Sentiment")

    decide(pipeline.stores["table"], "T", {})
    text = board.shown("/tickets/T")
    assert "The producer set this priority" in text
    assert "by a person" not in text


def test_what_is_in_doubt_is_listed_with_its_reason_until_a_person_decides(spoiled, serve):
    board = serve(spoiled.settings)
    text = board.shown("/doubtful")
    assert '<a class="label" href="/doubtful?reason=intent">intent</a>' in text
    assert "intent</a> is in doubt" in board.shown("/tickets/fresh-3")

    table = spoiled.stores["table"]
    (item,) = table.items("fresh-3")
    more = {**item, "doubts": {"S": "language intent urgency"}}
    table.put(more, item)
    every = " ".join(re.sub("<[^>]+>", "", board.shown("/tickets/fresh-3")).split())
    assert "A person should look at it: language, intent, urgency are in doubt. The models do not read its" in every
    table.put(item, more)

    decide(spoiled.stores["table"], "fresh-3", {"intent": "login_issue"})

    assert rows(board.shown("/doubtful")) == []
    assert "No ticket whose intent is in doubt waits for a person" in board.shown("/doubtful?reason=intent")


@pytest.mark.parametrize("ages", [(30 * 3_600,), ()])
def test_the_overview_of_a_quiet_queue_says_that_nothing_came(pipeline, serve, ages):
    """The index is there: a ticket older than all that is compared is in it."""
    ancient = pipeline.put("ancient", created_at=now() - 90 * 86_400)
    assert pipeline.enrich(ancient, *(pipeline.put(f"T-{age}", created_at=now() - age) for age in ages)).success

    assert "<strong>0</strong> tickets in the last 24 hours" in serve(pipeline.settings).shown("/overview")


def test_a_steady_stream_of_more_tickets_than_are_grouped_is_no_incident(pipeline, serve, monkeypatch):
    monkeypatch.setattr(incidents_page, "MOST_RECENT", 12)
    keys = [pipeline.put(f"T-{n:02}", created_at=now() - 300 - 360 * n, body=BODY) for n in range(70)]
    assert pipeline.enrich(*keys).success

    text = serve(pipeline.settings).shown("/incidents?hours=6&before=1&near=0.99")

    assert "12 newest tickets of the last 6 hours, against 1.0 hours before" in text
    assert "Nothing rises." in text


def test_groups_that_are_not_shown_are_counted_and_an_intent_is_that_of_all_members(pipeline, serve, monkeypatch):
    """The three examples, as long as one another, are of another intent than the six beside them."""
    monkeypatch.setattr(incidents_page, "MOST_GROUPS", 1)
    payments = [pipeline.put(f"p-{n}", created_at=now() - 60 - n, subject="payment_issue", body=BODY) for n in range(3)]
    logins = [
        pipeline.put(f"l-{n}", created_at=now() - 90 - n, subject="login_issue" + " x" * 50, body=BODY)
        for n in range(6)
    ]
    longer = [pipeline.put(f"x-{n}", created_at=now() - 90 - n, body=BODY * 8) for n in range(8)]
    before = [pipeline.put(f"old-{n}", created_at=now() - 30_000 - 9_000 * n, body="old " * 1_500) for n in range(20)]
    assert pipeline.enrich(*payments, *logins, *longer, *before).success

    text = serve(pipeline.settings).shown("/incidents?near=0.99")

    assert all(name.startswith("p-") for name in rows(text))
    assert "9 tickets of one customer: login issue" in text
    assert "<strong>2 groups rise</strong>" in text
    assert "1 more group is not shown, of which 1 rises." in text


def test_what_only_another_embedder_has_seen_is_said_to_be_left_out(pipeline, serve):
    board = serve(pipeline.settings, embedder=NewEmbedder)
    batch = pipeline.land(pipeline.put("T-1", created_at=now()), pipeline.put("T-2", created_at=now()))
    assert pipeline.run(batch).success
    new = fake_suite(embedder=LengthEmbedder(revision="2"))
    assert pipeline.enrich(pipeline.put("T-3", created_at=now()), suite=new).success

    views = ("/overview", "/incidents", "/search?intent=login_issue", "/search?q=login")
    for path in views:
        assert "2 tickets enriched with another embedder are not counted here" in board.shown(path)
    told = board.shown("/tickets/T-1")
    assert "ticket T-1 has a vector of length-embedder@1 alone" in told
    assert "tickets reprocess" in told
    assert "tickets reindex" not in told

    assert pipeline.run(batch, new).success
    for path in views:
        assert "another embedder" not in board.shown(path)


def test_a_large_quarantine_is_not_said_to_be_shown_whole(pipeline, serve, monkeypatch):
    for number in range(4):
        entry = MessageEntry(
            message_id=f"m-{number}", reason=Reason.BAD_MESSAGE, errors=[], at="2026-01-01T00:00:00Z", body=""
        )
        pipeline.quarantine.add_message(entry)
    board = serve(pipeline.settings)
    assert "4 entries, newest first." in board.shown("/quarantine")
    assert "Nothing is in quarantine for that reason" in board.shown("/quarantine?reason=not_json")

    monkeypatch.setattr(quarantine_list, "LISTED_AT_ONCE", 3)
    text = board.shown("/quarantine")
    assert "3 entries, the newest of 3 looked at; there may be more" in text
    assert "newest first" not in text
    text = board.shown("/quarantine?reason=not_json")
    assert "None for that reason among the 3 looked at" in text
    assert "<code>tickets quarantine list --reason not_json</code> shows all" in text
    monkeypatch.setattr(quarantine_page, "MOST", 2)
    assert "2 entries, the newest of 3 looked at" in board.shown("/quarantine")


@pytest.mark.parametrize(
    "path", ["/search?urgency=high&from=500", "/urgent?page=0", "/tickets?page=0", "/doubtful?page=0"]
)
def test_a_page_past_the_end_is_said_to_be_none_and_leads_to_the_first(filled, serve, path):
    board = serve(filled.settings)

    text = board.shown(path)

    assert "There is no such page of this list." in text
    first = re.search(r'<a href="([^"]+)">Its first page</a>', text)
    assert first
    assert rows(board.shown(first[1].replace("&amp;", "&")))
