"""`tickets search`, `similar` and `reindex` as a shell runs them, with the real embedder."""

import json
import os
import subprocess
import sys

import pytest

from tests.aws.cli.running import printed, tickets
from tests.fakes import fake_suite
from ticket_assets.definitions import build_models
from tickets_cli.processes import free_port

TEXTS = {
    "t-login": "I cannot log in since the password was reset",
    "t-refused": "My password is refused and the login page says no",
    "t-twice": "The invoice of March was charged twice to my credit card",
    "t-export": "Exporting the report as PDF takes ten minutes",
}


def fill(pipeline):
    """Four tickets, in the index by the real embedder; the invoice is another customer's and critical."""
    suite = fake_suite(embedder=build_models(pipeline.settings).embedder)
    other = {"t-twice": {"customer_id": "C-2", "priority": "critical", "created_at": 1_780_000_000}}
    keys = [pipeline.put(name, subject=text, body="", **other.get(name, {})) for name, text in TEXTS.items()]
    assert pipeline.enrich(*keys, suite=suite).success
    return pipeline


@pytest.fixture
def filled(pipeline, prepared_models):
    """Tickets of this test's own."""
    return fill(pipeline)


@pytest.fixture(scope="module")
def once(shared, prepared_models):
    return fill(shared)


@pytest.fixture
def kept(once, found):
    """Tickets for tests that change nothing of them."""
    return once


def ids(*arguments: str) -> list[str]:
    result = tickets(*arguments, "--json")
    assert result.exit_code == 0, result.output
    hits = [json.loads(line) for line in result.stdout.splitlines()]
    assert [hit["score"] for hit in hits] == sorted((hit["score"] for hit in hits), reverse=True)
    return [hit["ticket_id"] for hit in hits]


def test_a_search_lists_the_nearest_first_and_filters_before_it_ranks(kept):
    assert set(ids("search", "login problem", "--limit", "2")) == {"t-login", "t-refused"}
    assert ids("search", "login problem", "--customer", "C-2") == ["t-twice"]
    assert ids("search", "login problem", "--urgency", "CRITICAL", "--since", "2026-01-01") == ["t-twice"]
    assert len(ids("search", "login problem", "--intent", "general_inquiry", "--sentiment", "neutral")) == 4


def test_similar_lists_the_others_nearest_first(kept):
    assert ids("similar", "t-login")[0] == "t-refused"
    assert "t-login" not in ids("similar", "t-login")
    assert len(ids("similar", "t-login", "--limit", "2")) == 2


def test_texts_are_shown_only_where_the_setting_lets_them(kept, monkeypatch):
    hidden = tickets("search", "login", "--json").stdout + printed("search", "login")
    monkeypatch.setenv("TICKETS_SHOW_TEXT", "true")
    shown = printed("search", "login")

    assert not any(word in hidden for word in ("password", "invoice", "CUST-1"))
    assert "t-login" in hidden
    assert "password" in shown


def test_nothing_found_is_exit_code_one_with_what_to_do_on_stderr(kept):
    nobody = tickets("search", "error [/login] page", "--customer", "nobody", "--since", "2026-01-01")
    assert (nobody.exit_code, "Nearest to “error [/login] page” (0)" in nobody.stdout) == (1, True)
    assert nobody.stderr.startswith("no such ticket opened since 2026-01-01 00:00:00: `tickets status`")
    for asked in ("search", "similar"):
        mistyped = tickets(asked, "t-login", "--intent", "logn", "--json")
        assert (mistyped.exit_code, mistyped.stdout) == (1, "")
        assert "no such intent, but login_issue, payment_issue" in mistyped.stderr


def test_a_wrong_option_is_exit_code_two_with_what_is_right(kept):
    wrong = tickets("search", "login", "--urgency", "urgent")
    assert wrong.exit_code == 2
    assert "'critical', 'high', 'medium', 'low'" in " ".join(wrong.output.split())
    assert tickets("search", "login", "--since", "yesterday").exit_code == 2
    for blank in ("", " ", "?!"):
        nothing = tickets("search", blank)
        assert nothing.exit_code == 2
        assert "say what it is about" in " ".join(nothing.output.split())


def test_what_could_not_be_asked_is_exit_code_three_and_says_what_to_do(named, prepared_models, monkeypatch):
    for arguments in (("similar", "t-9"), ("search", "login")):
        result = tickets(*arguments)
        assert result.exit_code == 3
        assert "the search index is empty: `tickets reindex`" in " ".join(result.stderr.split())
    dead = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", dead)
    result = tickets("search", "login")
    assert (result.exit_code, dead in result.stderr) == (3, True)


def test_a_ticket_is_found_by_its_objects_key_too_and_one_whose_id_looks_like_a_key_by_its_id(filled):
    assert "t-login" not in ids("similar", "t-login.json")
    suite = fake_suite(embedder=build_models(filled.settings).embedder)
    assert filled.enrich(filled.put("t-login.json", subject="The invoice is wrong", body=""), suite=suite).success
    assert "t-login" in ids("similar", "t-login.json")
    told = json.loads(tickets("show", "ticket", "t-login.json", "--json").stdout)
    assert told["ticket_id"] == "t-login.json"


def test_reindex_counts_tickets_alone_and_passes_over_a_table_that_was_never_made(filled):
    assert tickets("forget", "t-login", "--yes").exit_code == 0
    filled.store.put("search/tickets-00000000.lance/data/half.lance", b"half")

    assert ": 3 tickets by " in printed("reindex", "--yes")


def test_reindex_makes_the_index_anew_of_the_records(filled):
    before = ids("search", "login")
    filled.store.delete_versions(list(filled.store.list_versions("search/")))
    filled.instance.delete_dynamic_partition(
        "ticket_batches", filled.instance.get_dynamic_partitions("ticket_batches")[0]
    )

    assert "4 records read, 4 rows written" in printed("reindex", "--yes")
    assert ids("search", "login") == before
    assert "4 records read, 4 rows written" in printed("reindex", "--yes")


@pytest.mark.parametrize("arguments", [("search", "login"), ("similar", "t-login")])
def test_the_program_answers_without_loading_dagster_or_boto3(kept, arguments):
    code = f"import sys; sys.argv = ['tickets', *{arguments!r}, '--json']; from tickets_cli.quick import main; main()"
    command = [sys.executable, "-X", "importtime", "-c", code]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ)

    assert "t-refused" in done.stdout
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "lance" in loaded
    assert not loaded & {"dagster", "boto3", "botocore", "torch"}


def test_the_program_knows_every_other_command_too(named):
    command = [sys.executable, "-m", "tickets_cli.quick", "--help"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ).stdout

    assert all(name in listed for name in ("search", "similar", "reindex", "status", "forget"))
