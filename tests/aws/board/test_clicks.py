"""The five questions of docs/board.md and each view's form, by the mouse in a real Chromium, from the page's front."""

import json
import re
import shutil
from pathlib import Path

import pytest

from bench.browser import Page, browser
from tests.aws.board.conftest import now
from tests.fakes import Doubter, fake_suite

pytestmark = pytest.mark.skipif(shutil.which("chromium") is None, reason="Chromium is not installed")
DOCS = Path(__file__).parents[3] / "docs/board.md"
MOST_CLICKS = 3
OUTAGE = {f"outage-{n}" for n in range(8)}
URGENT, FRESH = {"hostile", "fresh-1", "fresh-2"}, {"hostile", "fresh-1", "fresh-2", "fresh-3"}
OLD = {f"old-{n}" for n in range(6)}
SHOWN = "!window.leaving && document.readyState === 'complete'"
ROWS = """[...document.querySelectorAll('.tickets tbody td.what')].map(e => e.querySelector('a') ?
  decodeURIComponent(e.querySelector('a').pathname.split('/').pop()) : e.querySelector('.name').textContent)"""
BUTTON, EXAMPLE = "document.querySelector('form.filters button')", "document.querySelector('.group.alarm td.what a')"
HEADED = "[...document.querySelectorAll('main section')].find(e => e.querySelector('h2').textContent === %s)"


def link(text: str) -> str:
    """The only link that shows this text."""
    alike = f"[...document.querySelectorAll('a')].filter(e => e.textContent.trim() === {json.dumps(text)})"
    return f"(([e, ...more]) => more.length ? null : e)({alike})"


def section(heading: str, has: str) -> str:
    """Whether the section of this heading has the text."""
    return f"{HEADED % json.dumps(heading)}.innerText.includes({json.dumps(has)})"


TICKET = link("bug_report: login is down")
# A question's clicks, each with what the page must show after it; None is no click.
QUESTIONS = {
    "What is urgent?": [(None, "document.querySelector('.tickets').innerText.includes('bug_report: login is down')")],
    "What changed today?": [
        (link("Overview"), section("What changed today", "payment issue\t9\t0\t▲ more")),
        (f"{HEADED % json.dumps('What changed today')}.querySelector('a')", f"{ROWS}.includes('outage-0')"),
    ],
    "Is this an incident?": [
        (link("Incidents"), "document.querySelector('form + *').innerText.startsWith('1 group rises')"),
        (EXAMPLE, section("Labels, and why", "Urgency")),
    ],
    "Have we seen this?": [(TICKET, f"{section('Have we seen this?', 'nearest in meaning')} && {ROWS}.length === 5")],
    "Why was this one labelled so?": [(TICKET, section("Labels, and why", "The producer set this priority"))],
}
# A view's link, what is asked for in its form, the rows before and after.
FORMS = [
    ("Urgent", {"urgency": "critical"}, URGENT, {"fresh-1"}),
    ("Search", {"urgency": "high", "since": "24h"}, set(), {"hostile", "fresh-2"}),
    ("Search", {"q": "login", "intent": "payment_issue"}, set(), OUTAGE | {"fresh-2"}),
    ("All tickets", {"list": "sentiment:NEGATIVE"}, FRESH | OUTAGE | OLD | {"unsure"}, {"fresh-3"}),
    ("All tickets", {"customer": "C 7/&"}, FRESH | OUTAGE | OLD | {"unsure"}, {"fresh-3"}),
    ("Doubtful", {"reason": "urgency"}, {"fresh-3", "unsure"}, {"unsure"}),
]


class Reader:
    """Somebody at the page's front, who clicks."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.clicks = page, 0
        page.load(address + "/")

    def click(self, found: str) -> None:
        """Press the mouse there, and wait for the page that it leads to."""
        self.page.value("window.leaving = true")
        self.page.point(found)
        self.page.wait_for(SHOWN)
        self.clicks += 1

    def submit(self, **fields: str) -> None:
        """Fill in the view's form and press its button."""
        for name, value in fields.items():
            field = f"document.querySelector('form.filters [name={name}]')"
            self.page.value(f"{field}.value = {json.dumps(value)}")
            assert self.page.value(f"{field}.value") == value  # a list takes none that it does not offer
        self.click(BUTTON)


@pytest.fixture(scope="module")
def page():
    with browser() as page:
        page.size(1440, 900)
        yield page


@pytest.fixture(scope="module")
def board(filled, serve_to_all):
    """Beside the others' tickets an outage of this hour, a doubt of another kind, and another bad object."""
    fields = {"subject": "payment_issue: charged twice", "priority": "low"}
    keys = [filled.put(name, **fields, created_at=now() - 900 - n) for n, name in enumerate(sorted(OUTAGE))]
    keys.append(filled.put("unsure", subject="login_issue, puzzling", created_at=now() - 400_000))
    filled.raw.put("odd.json", b"{}")
    assert filled.enrich(*keys, "odd.json", suite=fake_suite(urgency=Doubter(names=["medium"]))).success
    return serve_to_all(filled.settings.model_copy(update={"show_text": True}))


@pytest.fixture
def reader(page, board):
    page.complaints.clear()
    yield Reader(page, board.address)
    assert page.complaints == []


def documented() -> dict[str, int]:
    """The questions of the table in docs/board.md, and how many clicks it says."""
    table = DOCS.read_text().partition("## Five questions")[2].partition("\n*Why*")[0]
    rows = re.findall(r"^\| (.+\?) \| (.+) \|$", table, re.MULTILINE)
    return {question: max(map(int, re.findall(r"(\d):", clicks)), default=0) for question, clicks in rows}


@pytest.mark.parametrize("question", documented())
def test_a_question_is_answered_by_the_clicks_that_the_docs_list(reader, question):
    for found, seen in QUESTIONS[question]:
        if found:
            reader.click(found)
        assert reader.page.value(seen), reader.page.value("document.body.innerText")

    assert reader.clicks == documented()[question] <= MOST_CLICKS


def test_five_questions_are_documented():
    assert documented().keys() == QUESTIONS.keys()


def test_have_we_seen_this_is_asked_in_words_by_a_slash_words_and_enter(reader):
    page = reader.page
    page.press("/", 191, "/")
    page.wait_for(f"location.pathname === '/search' && {SHOWN} && document.activeElement.name === 'q'")
    for letter in "login":
        page.press(letter, ord(letter.upper()), letter)
    page.press("Enter", 13, "\r")
    page.wait_for(f"location.search.includes('q=login') && {SHOWN}")

    assert "fresh-1" in page.value(ROWS)


@pytest.mark.parametrize(("view", "asked", "before", "after"), FORMS, ids=[f"{one[0]} {one[1]}" for one in FORMS])
def test_a_form_narrows_its_list_to_what_was_asked_and_a_row_opens_its_ticket(reader, view, asked, before, after):
    reader.click(link(view))
    assert set(reader.page.value(ROWS)) == before

    reader.submit(**asked)

    rows = reader.page.value(ROWS)
    assert set(rows) == after
    assert len(rows) == len(after)
    reader.click("document.querySelector('.tickets tbody td.what a')")
    assert reader.page.value("document.title").startswith(f"{rows[0]} ")


def test_the_form_of_incidents_narrows_the_hours_and_an_example_opens_its_ticket(reader):
    reader.click(link("Incidents"))
    shown = "document.querySelector('.count').innerText"
    assert reader.page.value(shown).startswith("12 tickets of the last 6 hours")

    reader.submit(hours="1")

    assert reader.page.value(shown).startswith("11 tickets of the last 1 hours")  # one is older
    example = reader.page.value(ROWS)[0]
    reader.click(EXAMPLE)
    assert reader.page.value("document.title").startswith(f"{example} ")


def test_the_form_of_quarantine_narrows_it_to_a_reason(reader):
    reader.click(link("Quarantine"))
    assert set(reader.page.value(ROWS)) == {"bad.json", "<b>bad</b>.json", "odd.json"}

    reader.submit(reason="wrong_schema")

    assert reader.page.value(ROWS) == ["odd.json"]
