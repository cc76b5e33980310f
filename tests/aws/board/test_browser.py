"""The page in a real Chromium: each view at a phone's and a screen's width, by mouse, by keyboard, in light and dark.

BOARD_SHOTS names a directory for pictures of what was seen.
"""

import os
import shutil
from pathlib import Path

import pytest

from bench.browser import browser
from tests.aws.board.test_pages import VIEWS

pytestmark = pytest.mark.skipif(shutil.which("chromium") is None, reason="Chromium is not installed")
WIDTHS = (390, 1440)
OVERFLOW = """[...document.querySelectorAll('body *')].filter(e => {
  const box = e.getBoundingClientRect();
  return box.width > 1 && box.right > innerWidth + 1 && !e.closest('.skip, thead, .hidden, .scroll');
}).map(e => e.tagName + '.' + e.className).concat([...document.querySelectorAll('section, article')].filter(
  e => e.scrollWidth > e.clientWidth + 1).map(e => 'in ' + e.className + e.id))"""
FOCUSED = (
    "document.activeElement.tagName + ' ' + (document.activeElement.name || document.activeElement.textContent).trim()"
)
CONTRAST = """(() => {
  const light = c => { const [r, g, b] = c.match(/[\\d.]+/g).map(v => { v /= 255;
    return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; }); return .2126 * r + .7152 * g + .0722 * b; };
  const ground = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
    if (!/, 0\\)$/.test(c)) return c; } return 'rgb(255, 255, 255)'; };
  return [...document.querySelectorAll('main *, header *, footer *')].filter(e =>
    [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()) && e.getBoundingClientRect().width > 1)
    .map(e => { const [a, b] = [light(getComputedStyle(e).color), light(ground(e))].sort((x, y) => y - x);
      return [(a + .05) / (b + .05), e.tagName + '.' + e.className + ' ' + e.textContent.trim().slice(0, 30)]; })
    .filter(([ratio]) => ratio < 4.5);
})()"""


@pytest.fixture(scope="module")
def page():
    with browser() as page:
        yield page


@pytest.fixture
def board(filled, serve):
    return serve(filled.settings.model_copy(update={"show_text": True}), dagster="http://localhost:3000")


@pytest.fixture(autouse=True)
def quiet_console(page):
    """No view may make the browser complain."""
    page.complaints.clear()
    page.dark(wanted=False)
    yield
    assert page.complaints == []


def keep(page, name: str) -> None:
    if place := os.environ.get("BOARD_SHOTS"):
        Path(place).mkdir(parents=True, exist_ok=True)
        page.picture(Path(place) / f"{name}.png", whole=True)


@pytest.mark.parametrize("width", WIDTHS)
def test_each_view_fits_and_can_be_read_in_light_and_dark(page, board, width):
    page.size(width, 900)
    for number, path in enumerate(VIEWS):
        page.load(board.address + path)
        for scheme in ("light", "dark"):
            page.dark(wanted=scheme == "dark")
            assert page.value("document.documentElement.scrollWidth") <= width, path
            assert page.value(OVERFLOW) == [], path
            assert page.value(CONTRAST) == [], (path, scheme)
            keep(page, f"{number:02}-{path.strip('/').partition('?')[0].replace('/', '-')}-{width}-{scheme}")
        page.dark(wanted=False)
        assert page.value("document.querySelectorAll('h1').length") == 1
        assert page.value("getComputedStyle(document.body).backgroundColor") == "rgb(246, 247, 249)"  # the style came


def test_dark_is_dark(page, board):
    page.load(board.address + "/urgent")
    page.dark(wanted=True)

    assert page.value("getComputedStyle(document.body).backgroundColor") == "rgb(18, 21, 28)"


def test_a_list_is_filtered_and_clicked_through_to_a_ticket_like_the_first(page, board):
    page.size(1440, 900)
    page.load(board.address + "/")
    page.wait_for_text("bug_report: login is down")
    page.value("document.querySelector('select[name=urgency]').value = 'critical'")
    page.click("Show")
    page.wait_for("location.search.includes('urgency=critical') && document.readyState === 'complete'")
    assert page.value("document.querySelectorAll('.tickets tbody tr').length") == 1
    page.click("bug_report: login is down")
    page.wait_for_text("The producer set this priority")
    page.value("document.querySelector('#near').parentElement.querySelector('td.what a').click()")
    page.wait_for("document.readyState === 'complete' && !location.pathname.endsWith('fresh-1')")
    page.wait_for_text("Labels, and why")


def test_the_keyboard_reaches_content_filters_and_rows(page, board):
    page.size(1440, 900)
    page.load(board.address + "/urgent")
    order = []
    for _ in range(20):
        page.press("Tab", 9)
        order.append(page.value(FOCUSED))
    assert order[0] == "A Skip to content"
    for reached in ("A Urgent", "A Quarantine", "SELECT urgency", "SELECT since", "BUTTON Show"):
        assert reached in order
    rows = ["A bug_report: login is down", "A payment_issue since today"]
    assert order.index("BUTTON Show") < order.index(rows[0]) < order.index(rows[1])
    while page.value(FOCUSED) != rows[0]:
        page.press("Tab", 9)
    assert page.value("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.press("Enter", 13, "\r")
    page.wait_for_text("Labels, and why")


def test_the_skip_link_is_seen_and_leads_to_the_content(page, board):
    page.load(board.address + "/urgent")
    page.press("Tab", 9)
    assert page.value("document.activeElement.getBoundingClientRect().left") >= 0
    page.press("Enter", 13, "\r")
    page.wait_for("document.activeElement.id === 'main'")


def test_a_slash_leads_to_the_search_and_a_search_is_an_address(page, board):
    page.load(board.address + "/overview")
    page.press("/", 191, "/")
    page.wait_for("location.pathname === '/search' && document.readyState === 'complete'")
    page.wait_for("document.activeElement.name === 'q'")
    for letter in "login":
        page.press(letter, ord(letter.upper()), letter)
    page.press("Enter", 13, "\r")
    page.wait_for("location.search.includes('q=login') && document.readyState === 'complete'")
    assert page.value("document.querySelectorAll('.tickets tbody tr').length") > 3


def test_a_tickets_script_does_not_run_and_nothing_is_asked_of_others(page, board):
    page.value("window.ran = false")
    page.load(board.address + "/tickets/hostile")

    assert page.value("document.querySelector('h2').textContent").startswith("<script>alert('x')</script>")
    assert page.value("document.querySelectorAll('main script, main img').length") == 0
    asked = page.value("performance.getEntriesByType('resource').map(e => e.name)")
    assert asked
    assert all(each.startswith(board.address) for each in asked)


@pytest.mark.parametrize("width", WIDTHS)
def test_a_label_is_corrected_and_that_is_undone_by_forms(page, spoiled, serve, width):
    board = serve(spoiled.settings, corrects=True)
    page.size(width, 900)
    page.load(board.address + "/tickets/fresh-3")
    page.value("document.querySelector('select[name=intent]').value = 'bug_report'")
    page.click("Correct")
    page.wait_for_text("by a person")
    assert "bug report by a person" in " ".join(page.value("document.querySelector('.labels').innerText").split())
    assert page.value("document.documentElement.scrollWidth") <= width
    assert page.value(OVERFLOW) == []
    assert page.value(CONTRAST) == []
    keep(page, f"corrected-{width}")
    page.click("Undo what people decided")
    page.wait_for("document.readyState === 'complete' && !document.body.innerText.includes('by a person')")
    entries = spoiled.items("fresh-3")[0]["corrections"]
    assert [sorted(each) for each in entries] == [["at", "values"], ["at", "undo"]]
