import pytest

from tests.support import ticket_json
from ticket_assets.domain.intake import MAX_OBJECT_BYTES, UTF8_BOM, Rejected, object_gone, object_key, parse_ticket
from ticket_assets.domain.models import RawTicket
from ticket_assets.domain.quarantine import Reason


def parse(body: bytes, key: str = "T-1.json") -> RawTicket:
    return parse_ticket(key, body, len(body))


def refusal(body: bytes, key: str = "T-1.json") -> Rejected:
    with pytest.raises(Rejected) as caught:
        parse(body, key)
    return caught.value


def test_a_valid_object_becomes_a_ticket():
    ticket = parse(ticket_json(priority="high", metadata={"source": "web", "tags": ["vip"]}))

    assert (ticket.ticket_id, ticket.created_at, ticket.priority) == ("T-1", 1_700_000_000, "high")
    assert (ticket.metadata.source, ticket.metadata.language, ticket.metadata.tags) == ("web", "en", ["vip"])


def test_priority_and_metadata_may_be_absent():
    ticket = parse(ticket_json())

    assert ticket.priority is None
    assert ticket.metadata.model_dump() == {"source": "unknown", "language": "en", "tags": []}


def test_unknown_fields_are_ignored():
    ticket = parse(ticket_json(channel="fax", metadata={"source": "web", "campaign": 7}))

    assert not {"channel", "campaign"} & {*ticket.model_dump(), *ticket.metadata.model_dump()}


def test_a_byte_order_mark_is_ignored():
    assert parse(UTF8_BOM + ticket_json()).ticket_id == "T-1"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"ticket",
        ticket_json() + b"x",
        "{}".encode("utf-16"),
        ticket_json(subject="caf\u00e9").replace(rb"\u00e9", b"\xe9"),
        b"[" * 200_000,
    ],
    ids=["nothing", "cut off", "a word", "trailing text", "UTF-16", "Latin-1", "nested too deep"],
)
def test_what_is_not_json_is_refused_as_such(body):
    assert refusal(body).reason is Reason.NOT_JSON


@pytest.mark.parametrize(
    "body",
    [ticket_json(subject="\ud800"), ticket_json(subject="\udc00x"), ticket_json().replace(b"Cannot", b"\xed\xa0\x80")],
    ids=["leading, escaped", "trailing, escaped", "in bytes"],
)
def test_lone_surrogates_are_refused_before_anything_must_encode_them(body):
    assert refusal(body).reason is Reason.NOT_JSON


@pytest.mark.parametrize("body", [b"null", b"[]", b'"T-1"', b"17"])
def test_json_that_is_no_object_has_the_wrong_schema(body):
    rejected = refusal(body)

    assert rejected.reason is Reason.WRONG_SCHEMA
    assert [error.field for error in rejected.errors] == [""]


def test_every_missing_field_is_named():
    rejected = refusal(b"{}")

    assert rejected.reason is Reason.WRONG_SCHEMA
    assert [e.field for e in rejected.errors] == ["ticket_id", "subject", "body", "created_at", "customer_id"]


@pytest.mark.parametrize(
    "created_at",
    [
        "2023-11-14T22:13:20Z",
        "1700000000",
        1_700_000_000_000,
        100_000_000_000,
        10**40,
        True,
        1.5,
        1_700_000_000.0,
        -1,
        None,
    ],
)
def test_created_at_that_is_not_whole_unix_seconds_is_refused(created_at):
    rejected = refusal(ticket_json(created_at=created_at))

    assert rejected.reason is Reason.WRONG_SCHEMA
    assert [error.field for error in rejected.errors] == ["created_at"]


@pytest.mark.parametrize("created_at", [0, 99_999_999_999])
def test_the_first_and_the_last_second_are_accepted(created_at):
    assert parse(ticket_json(created_at=created_at)).created_at == created_at


@pytest.mark.parametrize("ticket_id", ["", "T-1\n", "\nT-1", "a" * 129, "a b", "a/b", "\u00e9", "\u0661", 1, None])
def test_a_ticket_id_outside_the_pattern_is_refused(ticket_id):
    rejected = refusal(ticket_json(ticket_id=ticket_id), key=f"{ticket_id}.json")

    assert rejected.reason is Reason.WRONG_SCHEMA
    assert [error.field for error in rejected.errors] == ["ticket_id"]


@pytest.mark.parametrize("ticket_id", ["a", "A-1._z", "9" * 128])
def test_a_ticket_id_within_the_pattern_is_accepted(ticket_id):
    assert parse(ticket_json(ticket_id=ticket_id), key=f"{ticket_id}.json").ticket_id == ticket_id


@pytest.mark.parametrize(
    ("field", "value"),
    [("subject", 1), ("body", None), ("customer_id", 7), ("metadata", None), ("metadata", [])],
)
def test_a_field_of_another_type_is_refused_not_converted(field, value):
    rejected = refusal(ticket_json(**{field: value}))

    assert rejected.reason is Reason.WRONG_SCHEMA
    assert [error.field for error in rejected.errors] == [field]


def test_an_error_inside_a_nested_field_names_its_path():
    rejected = refusal(ticket_json(metadata={"tags": ["a", 1]}))

    assert [error.field for error in rejected.errors] == ["metadata.tags.1"]


@pytest.mark.parametrize("key", ["T-2.json", "T-1.JSON", "T-1", "folder/T-1.json", "t-1.json"])
def test_a_key_other_than_the_ticket_ids_is_a_key_mismatch(key):
    rejected = refusal(ticket_json(), key)

    assert rejected.reason is Reason.KEY_MISMATCH
    assert key in rejected.errors[0].message
    assert "T-1.json" in rejected.errors[0].message


def test_an_object_over_one_mebibyte_is_too_large_even_where_only_its_start_was_read():
    with pytest.raises(Rejected) as caught:
        parse_ticket("T-1.json", ticket_json(), MAX_OBJECT_BYTES + 1)

    assert caught.value.reason is Reason.TOO_LARGE


def test_an_object_of_exactly_one_mebibyte_is_read():
    body = ticket_json().ljust(1024 * 1024)

    assert parse(body).ticket_id == "T-1"


def test_an_object_with_many_wrong_values_gives_few_errors():
    rejected = refusal(ticket_json(metadata={"tags": [0] * 2_000}))

    assert len(rejected.errors) <= 100


def test_a_rejection_names_the_version_that_was_read():
    rejection = refusal(b"{").at("T-1.json", read_at=5.5, etag="e1", last_modified=4)

    assert (rejection.key, rejection.reason, rejection.etag) == ("T-1.json", Reason.NOT_JSON, "e1")
    assert (rejection.last_modified, rejection.read_at) == (4, 5.5)
    assert rejection.errors


def test_an_object_that_is_gone_has_no_version():
    rejection = object_gone().at("T-1.json", read_at=5.5)

    assert (rejection.reason, rejection.etag, rejection.last_modified) == (Reason.OBJECT_GONE, "", 0)


def test_an_objects_key_is_its_ticket_id_and_json():
    assert object_key("T-1") == "T-1.json"


@pytest.mark.parametrize("value", [3, None, True, ["high"], {"level": "high"}])
def test_a_priority_that_is_no_text_counts_as_absent(value):
    assert parse(ticket_json(priority=value)).priority is None
