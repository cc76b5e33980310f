"""`tickets reconcile` against a real server: what it prints, sends and exits with."""

import json

from resources.queue import SqsQueue
from tests.aws.cli.running import printed, tickets
from tests.support import eventually
from ticket_assets.stores import books
from tickets_cli import books as command


def lose_events(named, count: int) -> None:
    queue, messages = SqsQueue(name=named.queue), []
    assert eventually(lambda: messages.extend(queue.receive(1)) or len(messages) >= count)
    queue.delete(messages)


def test_books_that_balance_print_the_equation_and_exit_with_0(named, pipeline):
    pipeline.raw.put("bad.json", b"{")
    assert pipeline.enrich(pipeline.put("T-1"), "bad.json").success
    lose_events(named, 2)

    output = printed("reconcile")
    assert "2 received = 1 enriched + 1 quarantined + 0 in flight" in output
    assert "The books balance." in output


def test_missing_tickets_are_named_sent_again_and_exit_with_1(named, pipeline):
    for number in range(22):
        pipeline.put(f"T-{number:02d}")
    lose_events(named, 22)

    result = tickets("reconcile", "--replay")
    output = " ".join(result.stdout.split())
    assert result.exit_code == 1
    assert "+ 22 missing" in output
    assert "missing T-00.json" in output
    assert "missing T-20.json" not in output
    assert "and 2 more" in output
    assert f"22 sent to queue {named.queue} again" in output
    assert "The books do not balance." in output
    assert eventually(lambda: SqsQueue(name=named.queue).depth()["waiting"] == 22)
    assert "22 perhaps in the queue" in printed("reconcile")


def test_without_replay_nothing_is_sent(named, pipeline):
    pipeline.put("T-1")
    lose_events(named, 1)

    assert tickets("reconcile").exit_code == 1
    assert sum(SqsQueue(name=named.queue).depth().values()) == 0


def test_the_books_as_json_hold_every_count_and_name(named, pipeline):
    pipeline.put("T-1")
    lose_events(named, 1)

    result = tickets("reconcile", "--json")
    books = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (books["received"], books["missing"], books["balanced"]) == (1, 1, False)
    assert books["names"]["missing"] == ["T-1.json"]


def test_without_dagster_it_says_that_running_batches_are_not_known(named):
    assert "which batches are being run is not known" in printed("reconcile")


def test_a_long_comparison_tells_its_progress_on_stderr(named, pipeline, monkeypatch):
    monkeypatch.setattr(books, "PAGE", 1)
    monkeypatch.setattr(command, "PROGRESS_EVERY", 2)
    for number in range(3):
        pipeline.put(f"T-{number}")

    result = tickets("reconcile", "--json")
    assert result.stderr.splitlines() == ["2 keys compared"]


def test_a_key_that_would_colour_the_terminal_is_printed_as_text(named, pipeline):
    pipeline.raw.put("T [red]\x1b[31m.json", b"{")
    lose_events(named, 1)

    output = tickets("reconcile").stdout
    assert "T [red]" in output
    assert "\x1b[31m" not in output


def test_a_server_that_is_not_there_ends_in_one_line(named, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")

    for arguments in (("reconcile",), ("where", "T-1")):
        result = tickets(*arguments)
        assert result.exit_code == 1
        assert "cannot reach" in result.stderr
        assert "Traceback" not in result.stderr
