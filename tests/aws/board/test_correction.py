"""Labels corrected on the page: as by the command, refused to others' pages, and with an error nothing is done."""

import dagster as dg
import numpy as np
import pytest

from resources import aws
from resources.dynamodb import DynamoDBTable
from tests.aws.board.conftest import Board, now
from tests.aws.board.test_truths import part
from tests.aws.cli.running import tickets
from tests.conftest import own_settings
from tests.fakes import LengthEmbedder, WordClassifier, fake_suite
from tests.pipeline.conftest import Pipeline
from ticket_assets.domain.search import Filters
from ticket_assets.stores import correcting
from ticket_assets.stores.correcting import decide
from tickets_board.forms import MOST_BYTES
from tickets_cli import boarding
from tickets_cli.processes import free_port

UNTOUCHED = "untouched"
BY_A_PERSON = '<span class="sure">by a person</span>'


@pytest.fixture(scope="module")
def shared(aws_endpoint):
    """One ticket, which every test of an error leaves as it is."""
    with dg.DagsterInstance.ephemeral() as instance:
        pipeline = Pipeline(own_settings(), instance)
        assert pipeline.enrich(pipeline.put(UNTOUCHED, created_at=now())).success
        yield pipeline


@pytest.fixture(scope="module")
def shared_board(shared, serve_to_all):
    return serve_to_all(shared.settings, corrects=True)


@pytest.fixture
def board(shared, shared_board):
    """The page over that ticket; in the end nothing was decided on it."""
    before = shared.items(UNTOUCHED)
    yield shared_board
    assert shared.items(UNTOUCHED) == before
    assert "corrections" not in before[0]


def in_index(pipeline, name: str) -> tuple[str, float]:
    hits = pipeline.stores["search_index"].near(LengthEmbedder().version, np.eye(384)[0], Filters(), 9)
    return next((hit[name], hit[f"{name}_confidence"]) for hit in hits if hit["ticket_id"] == "T")


def test_a_label_is_corrected_as_by_the_command_wins_over_a_later_run_and_is_undone(pipeline, serve):
    batch = pipeline.land(pipeline.put("T", created_at=now()))
    assert pipeline.run(batch).success
    board = serve(pipeline.settings, corrects=True)
    assert "Undo what people decided" not in board.shown("/tickets/T")

    answer = board.post("/tickets/T", "intent=bug_report&urgency=&sentiment=POSITIVE")
    assert (answer.status, answer.headers["location"]) == (303, "/tickets/T")
    assert pipeline.run(batch, fake_suite(intent=WordClassifier(names=["general_inquiry", "other"]))).success
    (item,) = pipeline.items("T")
    values = {"intent": "bug_report", "intent_confidence": 1, "sentiment": "POSITIVE", "sentiment_confidence": 1}
    assert [entry["values"] for entry in item["corrections"]] == [values]
    assert {name: item[name] for name in values} == values
    assert in_index(pipeline, "intent") == ("bug_report", 1)
    text = board.shown("/tickets/T")
    assert [BY_A_PERSON in part(text, name) for name in ("Intent", "Sentiment", "Urgency")] == [True, True, False]

    assert board.post("/tickets/T", "undo=all").status == 303
    (item,) = pipeline.items("T")
    assert (item["intent"], item["intent_confidence"]) == ("other", 0.75)
    assert [sorted(entry) for entry in item["corrections"]] == [["at", "values"], ["at", "undo"]]
    assert in_index(pipeline, "intent") == ("other", 0.75)
    assert "by a person" not in board.shown("/tickets/T")


def test_a_decision_is_in_the_index_at_once(pipeline, serve):
    assert pipeline.enrich(pipeline.put("T", created_at=now())).success

    assert serve(pipeline.settings, corrects=True).post("/tickets/T", "intent=bug_report").status == 303
    assert in_index(pipeline, "intent") == ("bug_report", 1)


def test_a_decision_stands_without_an_index_and_the_page_says_what_searches_show(pipeline, serve):
    assert pipeline.enrich(pipeline.put("T", created_at=now())).success
    board = serve(pipeline.settings.model_copy(update={"pipeline_bucket": "no-such-bucket"}), corrects=True)

    answer = board.post("/tickets/T", "intent=bug_report")
    assert answer.status == 200
    assert "decided; searches show what was before" in answer.text
    assert pipeline.items("T")[0]["intent"] == "bug_report"


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        ("/tickets/nobody", "urgency=low", 404, "nobody has no item: `tickets where nobody` tells where it is"),
        ("/tickets/x;curl%20evil", "urgency=low", 404, "`tickets where &#39;x;curl evil&#39;`"),
        ("/tickets/" + "T" * 500, "urgency=low", 404, "has no item"),
        (f"/tickets/{UNTOUCHED}", "intent=weather", 400, "&#39;weather&#39; is no intent: choose one of login_issue"),
        (f"/tickets/{UNTOUCHED}", "intent=login_issue&urgency=soon", 400, "is no urgency"),
        (f"/tickets/{UNTOUCHED}", "summary=x", 400, "summary: the form has "),
        (f"/tickets/{UNTOUCHED}", "undo=all&urgency=low", 400, "undo first, then correct anew"),
        (f"/tickets/{UNTOUCHED}", "urgency=low&urgency=high", 400, "a field twice"),
        (f"/tickets/{UNTOUCHED}", b"urgency=%ff", 400, "cannot be read"),
        (f"/tickets/{UNTOUCHED}", "&".join(f"a{n}=1" for n in range(99)), 400, "cannot be read"),
        (f"/tickets/{UNTOUCHED}", "urgency=low&intent=" + "x" * MOST_BYTES, 413, "at most"),
    ],
)  # fmt: skip
def test_what_cannot_be_decided_is_a_page_that_says_why(board, path, body, status, said):
    answer = board.post(path, body)

    assert answer.status == status
    assert "Nothing was decided" in answer.text
    assert said in answer.text


def test_a_form_in_which_all_is_as_it_is_decides_nothing(board):
    assert board.post(f"/tickets/{UNTOUCHED}", "intent=&urgency=&sentiment=").status == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "null"},
        {"Origin": "null", "Sec_Fetch_Site": "same-origin"},
        {"Origin": None},
        {"Origin": None, "Sec_Fetch_Site": "cross-site"},
        {"Origin": None, "Sec_Fetch_Site": "same-site"},
    ],
)
def test_a_form_of_another_page_is_refused(board, headers):
    assert board.post(f"/tickets/{UNTOUCHED}", "urgency=low", **headers).status == 403


def test_another_name_for_this_machine_decides_nothing(board):
    evil = {"Host": "evil.example", "Origin": "http://evil.example"}
    assert board.post(f"/tickets/{UNTOUCHED}", "urgency=low", **evil).status == 400


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data; boundary=x", "application/json", None])
def test_only_a_form_is_read(board, kind):
    assert board.post(f"/tickets/{UNTOUCHED}", "urgency=low", Content_Type=kind).status == 415


def test_the_command_lets_the_page_correct_only_where_it_is_told_to(board, shared):
    for corrects, status in ((False, 405), (True, 303)):
        with boarding.serving(shared.settings, 0, corrects=corrects) as address:
            assert Board(address).post(f"/tickets/{UNTOUCHED}").status == status
    assert "there is no login" in " ".join(tickets("board", "--help").stdout.replace("│", " ").split())


def test_only_a_tickets_page_takes_a_form(board):
    assert board.post("/urgent", "urgency=low").status == 405


def test_a_form_of_the_page_itself_is_known_by_where_it_was_fetched_too(pipeline, serve):
    assert pipeline.enrich(pipeline.put("T", created_at=now())).success
    own = {"Origin": None, "Sec_Fetch_Site": "same-origin", "Content_Type": "application/x-www-form-urlencoded; x=y"}

    assert serve(pipeline.settings, corrects=True).post("/tickets/T", "urgency=low", **own).status == 303
    assert pipeline.items("T")[0]["urgency"] == "low"


def test_where_aws_is_away_the_page_says_so_and_nothing_is_decided(board, monkeypatch):
    dead = f"http://127.0.0.1:{free_port()}"
    with monkeypatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", dead)
        patch.setattr(aws, "RETRIES", 0)
        answer = board.post(f"/tickets/{UNTOUCHED}", "urgency=low")
    assert answer.status == 503
    assert "That cannot be decided now" in answer.text
    assert dead in answer.text


def test_a_ticket_that_others_keep_changing_is_said_to_be_so(pipeline, serve, monkeypatch):
    assert pipeline.enrich(pipeline.put("T", created_at=now())).success

    class Contended(DynamoDBTable):
        """Somebody else decides between each read and write."""

        def put(self, item, over):
            decide(pipeline.stores["table"], "T", {"urgency": "high"})
            super().put(item, over)

    monkeypatch.setattr(correcting, "DynamoDBTable", Contended)
    answer = serve(pipeline.settings, corrects=True).post("/tickets/T", "urgency=low")

    assert answer.status == 409
    assert "T is being written over and over: try again" in answer.text
    assert pipeline.items("T")[0]["urgency"] == "high"


def test_the_headers_are_those_of_a_page_without_corrections_but_for_the_forms_origin(board):
    headers = board.get(f"/tickets/{UNTOUCHED}").headers

    assert "default-src 'none'" in headers["content-security-policy"]
    assert "form-action 'self'" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"
