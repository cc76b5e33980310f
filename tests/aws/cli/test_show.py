"""`tickets show`: lists of tickets by queries alone, newest first."""

import json

import pytest

from resources.aws import client
from resources.dynamodb import to_item
from tests.aws.cli.running import printed, tickets
from tests.support import enriched_ticket
from ticket_assets.domain.items import table_item
from tickets_cli.processes import free_port

LABELS = [("critical", "NEGATIVE"), ("high", "NEUTRAL"), ("medium", "NEGATIVE"), ("low", "POSITIVE")]


@pytest.fixture
def filled(named):
    """Twelve tickets, T-00 the oldest; labels in turns."""
    for n in range(12):
        item = table_item(enriched_ticket(ticket_id=f"T-{n:02}", created_at=1_760_000_000 + n), "b")
        urgency, sentiment = LABELS[n % 4]
        labelled = item.model_copy(
            update={"urgency": urgency, "sentiment": sentiment, "summary": f"call 0171/1234567 {n}"}
        )
        values = {name: value for name, value in labelled.model_dump().items() if value is not None}
        client("dynamodb").put_item(TableName=named.table, Item=to_item(values))
    return named


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
    assert output.endswith("and more: raise --limit")
    assert "more" not in printed("show", "urgent", "--limit", "6")


def test_texts_are_hidden_and_shown_masked_where_the_setting_allows_it(filled, monkeypatch):
    for form in ([], ["--json"]):
        assert "call" not in printed("show", "results", *form)
        assert "19 characters" in printed("show", "results", *form)
    monkeypatch.setenv("TICKETS_SHOW_TEXT", "true")

    assert "call [phone] 8" in printed("show", "urgent")
    assert "0171" not in printed("show", "urgent", "--json")


def test_an_empty_table_is_an_empty_list(named):
    assert "Urgent: critical or high (0)" in printed("show", "urgent")
    assert ids("results") == []


def test_what_is_no_sentiment_is_refused_with_those_that_are(filled):
    result = tickets("show", "sentiment", "ANGRY")

    assert result.exit_code == 2
    assert "negative" in result.stderr


def test_where_nothing_is_set_up_it_is_one_line_with_the_remedy(named, monkeypatch):
    monkeypatch.setenv("TICKETS_TABLE", "no-such-table")

    result = tickets("show", "results")

    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert "tickets setup" in line


def test_a_server_that_is_down_is_one_line_that_names_it(monkeypatch):
    dead = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", dead)

    result = tickets("show", "urgent")

    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"error: cannot reach {dead}")
