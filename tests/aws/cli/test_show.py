"""`tickets show`: lists of tickets by queries alone, newest first."""

import json
import os
import subprocess
import sys

import pytest

from resources.aws import client
from resources.corrections import DOUBTS, NEEDS_REVIEW
from resources.dynamodb import to_item
from tests.aws.cli.running import printed, tickets
from tests.support import enriched_ticket
from ticket_assets.domain.items import table_item
from ticket_assets.stores.correcting import decide
from tickets_cli.processes import free_port

LABELS = [("critical", "NEGATIVE"), ("high", "NEUTRAL"), ("medium", "NEGATIVE"), ("low", "POSITIVE")]


@pytest.fixture
def filled(named):
    """Twelve tickets, T-00 the oldest; labels in turns."""
    for n in range(12):
        put(named, f"T-{n:02}", 1_760_000_000 + n, *LABELS[n % 4], summary=f"call 0171/1234567 {n}")
    return named


def put(settings, ticket_id: str, created_at: int, urgency: str, sentiment: str, **changes: str) -> None:
    item = table_item(enriched_ticket(ticket_id=ticket_id, created_at=created_at), "b")
    values = {**item.model_dump(exclude_none=True), "urgency": urgency, "sentiment": sentiment, **changes}
    client("dynamodb").put_item(TableName=settings.table, Item=to_item(values))


@pytest.fixture
def operations():
    """Every call that DynamoDB gets meanwhile."""
    seen: list[str] = []
    events = client("dynamodb").meta.events
    listen = lambda model, **_: seen.append(model.name)  # noqa: E731
    events.register("before-call.dynamodb", listen)
    yield seen
    events.unregister("before-call.dynamodb", listen)


def ids(*arguments: str) -> list[str]:
    result = tickets("show", *arguments, "--json")
    assert result.exit_code == 0, result.output
    return [json.loads(line)["ticket_id"] for line in result.stdout.splitlines()]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("results",), list(range(11, -1, -1))),
        (("results", "--limit", "3"), [11, 10, 9]),
        (("urgent",), [9, 8, 5, 4, 1, 0]),
        (("urgent", "--limit", "3"), [9, 8, 5]),
        (("sentiment", "NEGATIVE"), [10, 8, 6, 4, 2, 0]),
        (("sentiment", "positive"), [11, 7, 3]),
        (("intent", "login_issue", "--limit", "2"), [11, 10]),
        (("customer", "C-1", "--limit", "2"), [11, 10]),
        (("results", "--since", "2025-10-09T08:53:28"), [11, 10, 9, 8]),
        (("urgent", "--since", "2025-10-09T10:53:28+02:00"), [9, 8]),
    ],
    ids=lambda value: " ".join(map(str, value)),
)
def test_a_list_has_its_tickets_newest_first_by_queries_alone(filled, operations, arguments, expected):
    assert ids(*arguments) == [f"T-{n:02}" for n in expected]
    assert set(operations) == {"Query"}


def test_a_table_has_labels_confidences_and_times_and_says_that_there_is_more(filled):
    output = printed("show", "urgent", "--limit", "2")

    assert "Urgent: critical or high (2)" in output
    assert "T-09 high .50 NEUTRAL 1.0 login_issue .75 2025-10-09 08:53:29" in output
    assert output.index("T-09") < output.index("T-08")
    assert "T-05" not in output
    assert "and more: --page 1760000008~0:T-08" in output
    assert "more" not in printed("show", "urgent", "--limit", "6")


def test_texts_are_hidden_and_shown_masked_where_the_setting_allows_it(filled, monkeypatch):
    for form in ([], ["--json"]):
        assert "call" not in printed("show", "results", *form)
        assert "19 characters" in printed("show", "results", *form)
    monkeypatch.setenv("TICKETS_SHOW_TEXT", "true")

    assert "call [phone] 8" in printed("show", "urgent")
    assert "0171" not in printed("show", "urgent", "--json")


@pytest.mark.parametrize("limit", [1, 2, 3, 5])
def test_pages_have_every_ticket_once_also_those_of_one_second_and_of_what_was_removed_meanwhile(named, limit):
    for n in range(11):
        put(named, f"T-{n:02}", 1_760_000_000 + n // 5, *LABELS[n % 4])
    seen, more = [], ()
    while more is not None:
        result = tickets("show", "results", "--limit", str(limit), "--json", *more)
        page = [json.loads(line) for line in result.stdout.splitlines()]
        seen += page
        more = tuple(result.stderr.split()[-2:]) if result.stderr else None
        last = {"ticket_id": {"S": page[-1]["ticket_id"]}, "created_at": {"N": str(page[-1]["created_at"])}}
        client("dynamodb").delete_item(TableName=named.table, Key=last)

    assert sorted(item["ticket_id"] for item in seen) == [f"T-{n:02}" for n in range(11)]
    times = [item["created_at"] for item in seen]
    assert times == sorted(times, reverse=True)


def test_nothing_found_is_exit_code_one_with_what_to_do_on_stderr(named):
    for arguments in (("urgent",), ("results", "--json"), ("customer", "C-9"), ("results", "--since", "1h")):
        result = tickets("show", *arguments)
        assert result.exit_code == 1
        assert "tickets status" in result.stderr
    assert tickets("show", "results", "--json").stdout == ""
    assert "login_issue, payment_issue" in tickets("show", "intent", "login").stderr


@pytest.mark.parametrize("customer", ["", "x" * 3_000, "C-\udcff"])
def test_a_customer_that_no_index_can_hold_has_no_tickets(named, customer):
    assert tickets("show", "customer", customer).exit_code == 1


def test_a_ticket_is_shown_whole_by_its_id(pipeline, monkeypatch):
    text = "Please call 0171/1234567 at once."
    assert pipeline.enrich(pipeline.put("T-7", subject="login_issue", body=text, priority="HIGH")).success

    hidden = printed("show", "ticket", "T-7")
    assert "urgency: high 1.00" in hidden
    assert f"record: s3://{pipeline.settings.enriched_bucket}/T-7.json" in hidden
    assert "call" not in hidden
    assert f"body: … {len(text)} characters" in hidden
    monkeypatch.setenv("TICKETS_SHOW_TEXT", "true")
    assert "body: Please call [phone] at once." in printed("show", "ticket", "T-7.json")
    told = json.loads(tickets("show", "ticket", "T-7", "--json").stdout)
    assert (told["intent"], told["priority"], told["opened"]) == ("login_issue", "HIGH", "2025-10-09 08:53:20")


def test_a_persons_decision_is_said_instead_of_a_confidence_and_is_whole_as_json(pipeline):
    assert pipeline.enrich(pipeline.put("T-7", priority="high")).success
    decide(pipeline.stores["table"], "T-7", {"intent": "payment_issue", "urgency": "low"})
    told = json.loads(tickets("show", "ticket", "T-7", "--json").stdout)
    assert (told["computed"]["intent"], told["computed"]["intent_confidence"]) == ("login_issue", 0.75)

    when = told["corrections"][0]["at"].replace("T", " ").replace("Z", " UTC")
    output = printed("show", "ticket", "T-7")
    assert f"intent: payment_issue (by a person, {when}; the models say login_issue (0.75))" in output
    assert f"urgency: low (by a person, {when}; the producer says high)" in output
    assert "sentiment: NEUTRAL 0.50" in output


def test_what_is_to_be_reviewed_is_listed_with_the_reason(named):
    put(named, "T-1", 1_760_000_000, "low", "NEUTRAL", **{NEEDS_REVIEW: "intent", DOUBTS: "intent urgency"})
    put(named, "T-2", 1_760_000_000, "low", "NEUTRAL")

    assert ids("review") == ["T-1"]
    assert "in doubt: intent" in printed("show", "review")
    assert "doubts: intent, urgency" in printed("show", "ticket", "T-1")


@pytest.mark.parametrize("ticket", ["T-9", "a/b", "..", "<b>", ""])
def test_a_ticket_that_is_not_enriched_is_exit_code_one_and_says_who_knows_more(named, ticket):
    result = tickets("show", "ticket", ticket)

    assert result.exit_code == 1
    assert f"tickets where {ticket}" in result.stderr


def test_a_forgotten_ticket_is_no_ticket(pipeline):
    assert pipeline.enrich(pipeline.put("T-7"), pipeline.put("T-8")).success
    assert tickets("forget", "T-7", "--yes").exit_code == 0

    assert tickets("show", "ticket", "T-7").exit_code == 1
    assert ids("results") == ["T-8"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("results", "--since", "yesterday"), "2026-11-23"),
        (("results", "--page", "nowhere"), "page before"),
        (("results", "--limit", "0"), "than or equal to 1"),
        (("sentiment",), "LABEL"),
    ],
)
def test_wrong_usage_is_exit_code_two_with_what_is_right(named, arguments, said):
    result = tickets("show", *arguments)

    assert result.exit_code == 2
    assert said in result.stderr


def test_what_is_no_sentiment_is_refused_with_those_that_are(filled):
    result = tickets("show", "sentiment", "ANGRY")

    assert result.exit_code == 2
    assert "negative" in result.stderr


def test_where_nothing_is_set_up_it_is_one_line_with_the_remedy(named, monkeypatch):
    monkeypatch.setenv("TICKETS_TABLE", "no-such-table")

    result = tickets("show", "results")

    assert result.exit_code == 3
    (line,) = result.stderr.splitlines()
    assert "tickets setup" in line


def test_a_server_that_is_down_is_one_line_that_names_it(monkeypatch):
    dead = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", dead)

    result = tickets("show", "urgent")

    assert result.exit_code == 3
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"error: cannot reach {dead}")


def test_the_program_answers_without_loading_dagster_or_lance(filled):
    code = "import sys; sys.argv = ['tickets', 'show', 'urgent', '--json']; from tickets_cli.quick import main; main()"
    command = [sys.executable, "-X", "importtime", "-c", code]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ)

    assert "T-09" in done.stdout
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "botocore" in loaded
    assert not loaded & {"dagster", "lance", "numpy", "pyarrow", "torch"}


def test_every_command_has_an_example(named):
    for name in ("results", "urgent", "sentiment", "intent", "customer", "ticket"):
        assert f"Example: tickets show {name}" in printed("show", name, "--help")
