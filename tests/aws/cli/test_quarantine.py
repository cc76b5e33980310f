"""`tickets quarantine` against a real server: what is shown, sent, put away and refused."""

import base64
import json

import pytest
from typer.testing import CliRunner

from resources.queue import SqsQueue
from tests.aws.cli.running import printed, tickets
from tests.support import eventually
from ticket_assets.domain.intake import whole
from ticket_assets.domain.quarantine import MessageEntry, Reason
from tickets_cli.main import app

BAD = b'{"ticket_id": "bad", \x1b[2J \xe2\x80\xae'


def fill(pipeline):
    """Two bad objects and a bad message in quarantine; nothing in the queue."""
    pipeline.raw.put("bad.json", BAD)
    pipeline.raw.put("binary.json", b"\xff\x00")
    assert pipeline.enrich("bad.json", "binary.json", pipeline.put("wrong", created_at="soon")).success
    message = MessageEntry(message_id="m-1", errors=[whole("is not JSON")], body="hello", at="2026-11-23T11:20:05Z")
    pipeline.quarantine.add_message(message)
    queue = SqsQueue(name=pipeline.settings.queue)
    seen = []
    eventually(lambda: seen.extend(queue.drain(1, 0, 100)) or len(seen) >= 3)
    queue.delete(seen)
    assert eventually(lambda: not sum(queue.depth().values()))
    return pipeline


@pytest.fixture
def filled(pipeline):
    """A quarantine of this test's own."""
    return fill(pipeline)


@pytest.fixture(scope="module")
def once(shared):
    return fill(shared)


@pytest.fixture
def kept(once, found):
    """A quarantine for tests that change nothing in it."""
    return once


def queued(pipeline, count: int) -> list[str]:
    """The bodies that wait in the queue, once there are so many."""
    queue, found = SqsQueue(name=pipeline.settings.queue), []
    eventually(lambda: found.extend(queue.drain(1, 0, 100)) or len(found) >= count)
    queue.delete(found)
    return sorted(message.body for message in found)


def left(pipeline) -> list[str]:
    return [key for key in pipeline.store.list_keys("quarantine/") if "/exports/" not in key]


def again(pipeline, key: str) -> str:
    return json.dumps({"bucket": pipeline.settings.raw_bucket, "key": key})


def test_the_list_shows_each_entry_with_reason_errors_batch_and_time(kept):
    output = printed("quarantine", "list")

    entry = kept.quarantine.find("wrong.json")
    assert f"wrong.json wrong_schema {entry.at} {entry.batch} created_at: " in output
    assert "m-1 bad_message 2026-11-23T11:20:05Z is not JSON" in output
    assert output.index("bad.json") < output.index("binary.json") < output.index("wrong.json") < output.index("m-1")
    assert output.endswith("4 entries")


def test_the_list_can_be_limited_to_a_reason_and_a_number(kept):
    output = printed("quarantine", "list", "--reason", "not_json", "--limit", "1")

    assert "bad.json" in output
    assert "wrong.json" not in output
    assert "binary.json" not in output
    assert output.endswith("1 entries of reason not_json, and more: raise --limit")


def test_the_list_for_scripts_is_one_json_object_a_line(kept):
    lines = [json.loads(line) for line in tickets("quarantine", "list", "--json").stdout.splitlines()]

    assert [line["id"] for line in lines] == ["bad.json", "binary.json", "wrong.json", "m-1"]
    assert lines[2]["errors"][0]["field"] == "created_at"


def test_an_empty_quarantine_is_said_to_be(named):
    assert printed("quarantine", "list") == "0 entries"


def test_an_entry_is_shown_whole_and_cannot_drive_the_terminal(kept):
    output = tickets("quarantine", "show", "bad").stdout

    entry = kept.quarantine.find("bad.json")
    for fact in ("bad.json  not_json", entry.batch, entry.at, entry.etag, '{"ticket_id": "bad", \\x1b[2J \\u202e'):
        assert fact in output
    assert "\x1b" not in output
    assert "\u202e" not in output


def test_bytes_that_are_no_text_are_shown_as_a_hex_dump(kept):
    assert "00000000  ff 00 " in tickets("quarantine", "show", "binary.json").stdout


def test_the_raw_original_is_written_untouched(kept):
    result = CliRunner().invoke(app, ["quarantine", "show", "bad", "--raw"])

    assert result.stdout_bytes == BAD


def test_a_message_is_shown_with_its_body_and_receives(filled):
    told = {"count": 6, "sent_at": "2026-11-22T00:00:00Z", "source": "arn:q"}
    entry = MessageEntry.model_validate(
        {
            "message_id": "m-2",
            "reason": Reason.DEAD_LETTER,
            "errors": [],
            "body": "a\x00b",
            "at": "now",
            "receives": told,
        }
    )
    filled.quarantine.add_message(entry)

    output = printed("quarantine", "show", "m-2")

    for fact in ("m-2 dead_letter", "received: 6 times", "sent: 2026-11-22T00:00:00Z", "from queue: arn:q", "a\\x00b"):
        assert fact in output


def test_an_original_that_is_nowhere_any_more_is_said_to_be(filled):
    filled.store.delete("quarantine/originals/bad.json")
    assert "\\x1b[2J" in printed("quarantine", "show", "bad")
    filled.put("bad")

    assert "was replaced by another version" in printed("quarantine", "show", "bad")
    result = tickets("quarantine", "show", "bad", "--raw")
    assert result.exit_code == 1
    assert "was replaced by another version" in " ".join(result.stderr.split())


def test_replaying_sends_objects_by_key_and_messages_whole_and_keeps_the_objects_entries(filled):
    printed("quarantine", "replay", "--all")

    expected = [again(filled, key) for key in ("bad.json", "binary.json", "wrong.json")] + ["hello"]
    assert queued(filled, 4) == sorted(expected)
    assert [held.key for held in filled.quarantine.entries()] == ["bad.json", "binary.json", "wrong.json"]
    assert list(filled.quarantine.messages()) == []


def test_replaying_some_sends_no_other(filled):
    printed("quarantine", "replay", "wrong", "wrong.json", "m-1")
    assert queued(filled, 2) == sorted([again(filled, "wrong.json"), "hello"])

    printed("quarantine", "replay", "--reason", "not_json")
    assert queued(filled, 2) == [again(filled, "bad.json"), again(filled, "binary.json")]


def test_a_message_that_sqs_refuses_stays_and_is_named_and_the_others_are_sent(filled):
    filled.quarantine.add_message(MessageEntry(message_id="m-0", errors=[], body="a\x00b", at=""))

    result = tickets("quarantine", "replay", "--all")

    assert result.exit_code == 1
    assert "refused 1 of 5" in " ".join(result.stderr.split())
    assert "m-0" in result.stderr
    assert [entry.message_id for entry in filled.quarantine.messages()] == ["m-0"]
    assert len(queued(filled, 4)) == 4


def test_dropping_asks_first_and_a_no_changes_nothing(kept):
    before = left(kept)

    result = tickets("quarantine", "drop", "--all", typed="n\n")

    assert "Drop 4 entries" in result.stdout
    assert result.exit_code == 1
    assert left(kept) == before


def test_what_is_dropped_is_one_file_with_entry_and_original_and_leaves_quarantine(filled):
    entry = filled.quarantine.find("bad.json")

    output = printed("quarantine", "drop", "bad", "m-1", "--yes")

    exports = list(filled.store.list_keys("quarantine/exports/"))
    assert len(exports) == 2
    assert all(f"s3://{filled.settings.pipeline_bucket}/{key}" in output for key in exports)
    made = {json.loads(filled.store.get(key).body)["entry"].get("key"): filled.store.get(key).body for key in exports}
    export = json.loads(made["bad.json"])
    assert export["entry"] == entry.model_dump()
    assert base64.b64decode(export["original"]) == BAD
    assert base64.b64decode(json.loads(made[None])["original"]) == b"hello"
    assert [key for key in left(filled) if "/bad" in key or "m-1" in key] == ["quarantine/objects/bad.json.json"]
    assert filled.quarantine.find("wrong.json")
    assert "bad.json" not in printed("quarantine", "list")
    assert "was not_json; dropped" in printed("quarantine", "list", "--reason", "dropped")
    assert filled.raw.find("bad.json")


def test_two_versions_dropped_on_one_day_are_two_files(filled):
    printed("quarantine", "drop", "bad", "--yes")
    assert filled.enrich("bad.json").success
    printed("quarantine", "drop", "--all", "--yes")

    assert len([key for key in filled.store.list_keys("quarantine/exports/") if "/bad.json." in key]) == 2
    assert len(left(filled)) == 3  # what says of the three raw objects, which are still there, that they were dropped


def test_what_was_dropped_is_accounted_for_and_is_not_sent_again_with_all(filled):
    printed("quarantine", "drop", "--all", "--yes")

    assert "3 quarantined" in printed("reconcile")
    assert "0 objects" in printed("quarantine", "replay", "--all")
    assert "dropped" in printed("where", "bad")


@pytest.mark.parametrize("command", [("show",), ("replay",), ("drop", "--yes")], ids=lambda command: command[0])
def test_an_id_that_is_not_in_quarantine_is_named_and_nothing_is_done(kept, command):
    ids = ["nobody\x1b"] if command == ("show",) else ["bad", "nobody\x1b"]
    before = left(kept)

    result = tickets("quarantine", *command, *ids)

    assert result.exit_code == 1
    assert "not in quarantine: nobody\\x1b;" in " ".join(result.stderr.split())
    assert left(kept) == before
    assert not sum(SqsQueue(name=kept.settings.queue).depth().values())


@pytest.mark.parametrize("command", ["replay", "drop"])
@pytest.mark.parametrize("arguments", [(), ("T-1", "--all"), ("--reason", "not_json", "--all")], ids=" ".join)
def test_exactly_one_way_to_choose_entries_is_asked_for(named, command, arguments):
    result = tickets("quarantine", command, *arguments)

    assert result.exit_code == 2
    assert "give exactly one of: IDs, --reason or --all" in result.stderr


def test_a_reason_that_is_none_lists_those_that_are(named):
    result = tickets("quarantine", "list", "--reason", "ugly")

    assert result.exit_code == 2
    assert all(reason.value in result.stderr for reason in Reason)
