from resources.object_store import ObjectInfo
from resources.queue import Message
from sensors.dead_letters import bad_message, dead_message, dead_object, is_done
from tests.support import stamp
from ticket_assets.domain.quarantine import Reason, one_line

MESSAGE = Message("m-1", "r", "{}", 6, {"ApproximateReceiveCount": "6", "SentTimestamp": "1767323045678"})
SOURCE = ObjectInfo("T-1.json", "e5", 5, 2, {})


def record(etag: str) -> ObjectInfo:
    return ObjectInfo("T-1.json", "x", 9, 2, stamp(5, etag=etag).attributes())


def test_an_object_whose_current_version_is_enriched_needs_nothing():
    assert is_done(SOURCE, record("e5"))


def test_an_object_whose_record_is_of_another_version_or_absent_is_not_done():
    assert not is_done(SOURCE, record("e4"))
    assert not is_done(SOURCE, None)
    assert not is_done(None, None)


def test_a_record_that_another_tool_wrote_does_not_count():
    assert not is_done(SOURCE, ObjectInfo("T-1.json", "x", 9, 2, {}))


def test_an_object_that_is_gone_and_was_enriched_needs_nothing():
    assert is_done(None, record("e4"))


def test_the_entry_of_a_dead_letter_names_the_version_that_stands_and_keeps_the_message_with_its_history():
    entry = dead_object("T-1.json", MESSAGE, SOURCE, 7.5)

    assert (entry.reason, entry.etag, entry.last_modified, entry.read_at) == (Reason.DEAD_LETTER, "e5", 5, 7.5)
    assert entry.message is not None
    assert (entry.message.message_id, entry.message.body) == ("m-1", "{}")
    assert "received 6 times" in one_line(entry.errors)
    assert "sent 2026-01-02T03:04:05Z, first received ?" in one_line(entry.errors)


def test_the_entry_of_an_object_that_is_gone_or_unreadable_says_so():
    assert one_line(dead_object("T-1.json", MESSAGE, None, 7.5).errors).endswith("the object is gone")
    assert one_line(dead_object("T-1.json", MESSAGE, None, 7.5, "archived").errors).endswith("archived")


def test_a_dead_letter_that_names_no_object_is_kept_with_fault_and_history():
    entry = dead_message(MESSAGE, "is not JSON")

    assert (entry.reason, entry.message_id, entry.body) == (Reason.DEAD_LETTER, "m-1", "{}")
    assert one_line(entry.errors).startswith("is not JSON; its message was received 6 times")


def test_a_bad_message_keeps_its_receives_too():
    entry = bad_message(MESSAGE, "is not JSON")

    assert entry.reason is Reason.BAD_MESSAGE
    assert entry.receives is not None
    assert entry.receives.count == 6
