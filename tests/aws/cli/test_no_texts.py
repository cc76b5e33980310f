"""What customers wrote is on no screen, unless an operator asks for one entry; and none of it drives the screen."""

import json

import pytest

from tests.aws.cli.running import printed, tickets
from tests.fakes import POISON, fake_suite
from tests.pipeline.test_dead_letters import Dead
from tests.pipeline.test_privacy import ECHOING, SECRETS, secret_ticket
from tests.pipeline.test_privacy import found as found_in
from ticket_assets.domain.batches import BatchFailure
from ticket_assets.domain.intake import whole
from ticket_assets.domain.quarantine import MessageEntry, QuarantineEntry, Reason

NASTY = "T [red]<b>\x1b[31m\u202e\nx"
SAFE = "T [red]<b>"


@pytest.fixture(scope="module")
def filled(shared):
    """Good, echoed by a model, unreadable as a message, dead and claiming to be a ticket, lost, failed."""
    for name, body in (("good", SECRETS[1]), ("poison", f"{POISON} {SECRETS[1]}"), ("lost", SECRETS[1])):
        shared.raw.put(f"{name}.json", json.dumps(secret_ticket(name, body=body)).encode())
    dead = Dead(shared)
    dead.empty()
    assert shared.enrich("good.json", "poison.json", suite=fake_suite(**ECHOING)).success
    shared.raw.put("dead.json", b"{")
    dead.empty()
    dead.bury({**secret_ticket("dead"), "bucket": shared.raw.bucket, "key": "dead.json"})
    dead.bury(secret_ticket("nothing"))
    dead.bury({"bucket": secret_ticket("nested"), "key": SECRETS})
    while dead.buried():
        dead.look()
    shared.batches.record_failure(
        BatchFailure(batch=shared.batches.pending()[0], run_id="r", error="it broke", at="2026-11-23T11:20:05Z")
    )
    return shared


@pytest.mark.parametrize(
    "arguments",
    [
        ("quarantine", "list"), ("quarantine", "list", "--json"),
        ("where", "good"), ("where", "poison"), ("where", "poison", "--json"), ("where", "dead", "--json"),
        ("status",), ("reprocess", "--all-batches", "--dry-run"), ("forget", "poison", "--dry-run"),
        ("show", "results"), ("show", "results", "--json"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_no_command_prints_what_customers_wrote(filled, found, arguments):
    assert len(list(filled.quarantine.entries())) == len(list(filled.quarantine.messages())) == 2

    assert found_in(SECRETS, printed(*arguments)) == []


@pytest.mark.parametrize("form", [(), ("--json",), ("--replay",)])
def test_the_books_name_tickets_and_print_no_text(filled, found, form):
    result = tickets("reconcile", *form)

    assert "lost.json" in result.output
    assert found_in(SECRETS, result.output) == []


def test_who_asks_for_one_entry_sees_what_it_is_about(filled, found):
    assert SECRETS[1] in printed("quarantine", "show", "poison")
    assert SECRETS[0] in printed("quarantine", "show", "dead")


def test_no_sign_of_a_ticket_drives_the_screen(pipeline):
    key = f"{SAFE}\u202e.json"  # the local server cannot list a key with control signs
    pipeline.raw.put(key, json.dumps({"customer_id": "C-7", "subject": NASTY}).encode())
    errors = [whole(NASTY)]
    entry = QuarantineEntry(key=key, reason=Reason.NOT_JSON, errors=errors, read_at=1, batch="b", at="t")
    message = MessageEntry(message_id=NASTY, errors=errors, body=NASTY, at="t")
    pipeline.quarantine.add([entry])
    pipeline.quarantine.add_message(message)
    failure = BatchFailure(batch="20260101T000000Z-00000000", run_id="r", error=NASTY, at="t")
    pipeline.batches.record_failure(failure)

    for arguments in (
        ("quarantine", "list"), ("quarantine", "list", "--json"), ("quarantine", "show", key),
        ("quarantine", "show", NASTY), ("where", key), ("where", key, "--json"), ("status",),
        ("forget", "--customer", "C-7", "--dry-run"),
    ):  # fmt: skip
        output = tickets(*arguments).output
        assert SAFE in output, arguments
        assert "\x1b" not in output, arguments
        assert "\u202e" not in output, arguments
