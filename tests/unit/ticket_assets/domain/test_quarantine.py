import pytest
from pydantic import BaseModel, ValidationError

from ticket_assets.domain.quarantine import (
    FieldError,
    KeptMessage,
    MessageEntry,
    QuarantineEntry,
    Reason,
    Receives,
    field_errors,
    from_json,
    one_line,
    outranks,
    to_json,
    without_texts,
)


class Inner(BaseModel):
    numbers: list[int]


class Outer(BaseModel):
    name: str
    inner: Inner


def test_pydantics_errors_become_field_paths_and_messages_without_the_input():
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate({"inner": {"numbers": [1, "secret"]}})

    errors = field_errors(caught.value)

    assert [error.field for error in errors] == ["name", "inner.numbers.1"]
    assert errors[0].message == "Field required"
    assert not any("secret" in error.message or "http" in error.message for error in errors)


def test_errors_are_told_in_one_line():
    errors = [FieldError(field="body", message="missing"), FieldError(field="", message="too large")]

    assert one_line(errors) == "body: missing; too large"


def test_the_reason_codes_are_those_that_people_filter_by():
    assert {reason.value for reason in Reason} == {
        "not_json", "wrong_schema", "key_mismatch", "too_large", "object_gone", "object_unreadable", "model_failure",
        "bad_message", "dead_letter", "forgotten", "dropped",
    }  # fmt: skip


def test_an_entry_survives_the_way_to_json_and_back():
    entry = QuarantineEntry(
        key="T-1.json", reason=Reason.NOT_JSON, errors=[FieldError(field="", message="EOF")], etag="e1",
        last_modified=4, read_at=5.123456, batch="b-1", at="2026-01-02T03:04:05Z",
    )  # fmt: skip

    assert QuarantineEntry.model_validate_json(entry.model_dump_json()) == entry


def test_a_message_entry_is_a_bad_message_unless_said_otherwise():
    entry = MessageEntry(message_id="m-1", errors=[], body="{", at="2026-01-02T03:04:05Z")

    assert entry.reason is Reason.BAD_MESSAGE


def entry(reason: Reason = Reason.WRONG_SCHEMA, etag: str = "e1", read_at: float = 5) -> QuarantineEntry:
    return QuarantineEntry(key="T-1.json", reason=reason, errors=[], etag=etag, read_at=read_at, batch="b-1", at="")


def test_of_two_readings_the_later_stands():
    assert outranks(entry(read_at=6), entry(etag="e2"))
    assert not outranks(entry(), entry(etag="e2", read_at=6))
    assert not outranks(entry(), entry())


def test_what_was_found_in_an_object_outranks_that_nobody_looked_at_this_version():
    assert outranks(entry(), entry(Reason.DEAD_LETTER, read_at=9))
    assert not outranks(entry(Reason.DEAD_LETTER, read_at=9), entry())


def test_a_dead_letter_of_a_newer_version_replaces_what_was_found_in_the_older():
    assert not outranks(entry(), entry(Reason.DEAD_LETTER, etag="e2", read_at=9))


@pytest.mark.parametrize("body", ["a\x00b", "half \ud800 pair", "\u202e\U0001f600", '{"key": "\\ud800"}'])
def test_a_message_is_kept_whole_whatever_signs_it_has(body):
    message = MessageEntry(message_id="m", errors=[], body=body, at="")

    assert from_json(MessageEntry, to_json(message)) == message


def test_the_receive_history_is_what_the_queue_told():
    told = Receives.told(
        {
            "ApproximateReceiveCount": "6",
            "SentTimestamp": "1767323045678",
            "ApproximateFirstReceiveTimestamp": "1767323046000",
            "DeadLetterQueueSourceArn": "arn:aws:sqs:::q",
        }
    )

    assert told == Receives(
        count=6, sent_at="2026-01-02T03:04:05Z", first_received_at="2026-01-02T03:04:06Z", source="arn:aws:sqs:::q"
    )
    assert Receives.told({}) == Receives(count=1)


ENTRY = QuarantineEntry(
    key="k.json", reason=Reason.MODEL_FAILURE, errors=[FieldError(field="Embedded", message="ValueError: secret: x")],
    read_at=1, batch="b", at="t", message=KeptMessage(message_id="m", body="secret"),
)  # fmt: skip


def test_without_texts_an_entry_tells_how_long_they_are():
    shown = without_texts(ENTRY)

    assert one_line(shown.errors) == "Embedded: ValueError: … 9 characters"
    assert shown.message == KeptMessage(message_id="m", body="… 6 characters")
    assert without_texts(MessageEntry(message_id="m", errors=[], body="secret", at="t")).body == "… 6 characters"
    assert "secret" in ENTRY.model_dump_json()


def test_without_texts_an_entry_keeps_what_the_pipeline_says_itself():
    killer = ENTRY.model_copy(
        update={"errors": [FieldError(field="", message="killed the models' process (signal 9)")]}
    )
    wrong = ENTRY.model_copy(update={"reason": Reason.WRONG_SCHEMA, "message": None})

    assert without_texts(killer).errors == killer.errors
    assert without_texts(wrong) == wrong


@pytest.mark.parametrize("model", [QuarantineEntry, MessageEntry, KeptMessage])
def test_an_entry_that_cannot_be_read_is_not_quoted(model):
    with pytest.raises(ValidationError) as caught:
        model.model_validate({"body": ["secret"], "errors": "secret", "key": ["secret"]})

    assert "secret" not in str(caught.value)
