import pytest
from pydantic import BaseModel, ValidationError

from ticket_assets.domain.quarantine import FieldError, MessageEntry, QuarantineEntry, Reason, field_errors, one_line


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
        "bad_message", "dead_letter",
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
