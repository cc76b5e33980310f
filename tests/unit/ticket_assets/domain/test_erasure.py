import json

import pytest

from ticket_assets.domain.erasure import Wanted, forgotten, is_ticket_id

WANTED = Wanted(frozenset({"T-1.json", "a b+\u00e9.json"}), "C-\u00e9")


@pytest.mark.parametrize(
    "body",
    [
        b'{"ticket_id": "T-1"}',
        b'\xef\xbb\xbf{"ticket_id": "T-1"}',
        json.dumps({"customer_id": "C-\u00e9"}).encode(),
        json.dumps({"customer_id": "C-\u00e9"}, ensure_ascii=False).encode(),
        b'{"ticket_id" : "T-1", "body": "cut o',
        b'\xff\xfe {"ticket_id":"T-1"}',
        json.dumps([{"n": 1}, {"ticket_id": "T-1"}]).encode(),
        json.dumps({"ticket": {"customer_id": "C-\u00e9"}}).encode(),
        json.dumps({"ticket_id": "T-2", "customer": {"customer_id": "C-\u00e9"}}).encode(),
        json.dumps(json.dumps({"customer_id": "C-\u00e9"})).encode(),
        b"[" * 100_000 + b'{"ticket_id": "T-1"}',
    ],
)
def test_an_object_that_says_so_is_theirs_even_where_it_is_no_json(body):
    assert WANTED.owns(body)


WRITTEN = ['{"customer_id": "C-\u00e9"}', '{"customer_id": "C-\u00e9", "body": "cut o']


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("text", WRITTEN, ids=["whole", "cut off"])
def test_an_object_is_theirs_in_whatever_encoding_it_is_written(text, encoding):
    assert WANTED.owns(text.encode(encoding))


@pytest.mark.parametrize("value", ["77", "77.0", "7.7e1", '"77"', '"7\\u0037"'])
@pytest.mark.parametrize("rest", ["}", ', "body": "cut o'], ids=["whole", "cut off"])
def test_an_id_that_was_made_a_number_or_escaped_is_still_theirs(value, rest):
    body = f'{{"customer_id": {value}{rest}'.encode()
    assert Wanted(frozenset(), "77").owns(body)
    assert not Wanted(frozenset(), "7").owns(body)


@pytest.mark.parametrize("depth", range(3))
def test_a_value_with_quotes_and_backslashes_is_read_whole_however_deep_in_a_text_it_is(depth):
    text = json.dumps({"customer_id": 'O"B\\\u00e9', "n": 1})
    for _ in range(depth):
        text = json.dumps({"body": text})
    for told in (text, text[: -2 * depth - 2]):
        assert Wanted(frozenset(), 'O"B\\\u00e9').claimed_in(told)
        assert not Wanted(frozenset(), "O").claimed_in(told)
        assert not Wanted(frozenset(), 'O"B\\').claimed_in(told)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'"T-1"',
        b'{"ticket_id": "T-10"}',
        b'{"ticket_id": ["T-1"]}',
        b'{"ticket_id": "T-2", "body": "see T-1 and T-1.json of C-9"}',
        b'{"ticket_id": "T-2", "customer_id": "C", "metadata": {"ticket_id": "T-1"}}',
        b'{"ticket_id": "T-2", "customer_id": "C", "body": "{\\"ticket_id\\": \\"T-1\\"}"}',
        b'{"ticket_id": "T-1\\"", "customer_id": "C", "body": "cut o',
    ],
)
def test_an_object_that_only_speaks_of_them_is_not_theirs(body):
    assert not WANTED.owns(body)


def test_no_customer_is_not_an_empty_customer():
    assert not Wanted(frozenset({"T-1.json"})).owns(b'{"ticket_id": "T-2", "customer_id": null}')
    assert not Wanted(frozenset(), "None").owns(b'{"customer_id": null}')


def test_a_ticket_inside_a_message_inside_a_message_is_found():
    inner = json.dumps({"customer_id": "C-\u00e9"})
    assert WANTED.claimed_in(json.dumps({"body": json.dumps({"Message": [inner]})}))
    assert not WANTED.claimed_in(json.dumps({"body": json.dumps({"Message": "C-\u00e9"})}))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('{"key": "T-1.json"}', True),
        ('{"Message": "{\\"key\\":\\"T-1.json\\"}"}', True),
        ("line\\nT-1.json", True),
        ('{"key": "a+b%2B%C3%A9.json"}', True),
        ("a b+\u00e9.json", True),
        ('{"key": "T-10.json"}', False),
        ('{"key": "XT-1.json"}', False),
        ("about T-1", False),
    ],
)
def test_an_event_is_theirs_where_it_names_their_key(text, named):
    assert WANTED.keyed_in(text) is named


@pytest.mark.parametrize(
    ("text", "mentioned"),
    [("ticket T-1 has no row", True), ("it was T-1.", True), ("such as ['T-1.json']", True), ("T-10, XT-1", False)],
)
def test_an_error_is_theirs_where_it_mentions_them(text, mentioned):
    assert WANTED.mentioned_in(text) is mentioned


def test_an_error_that_mentions_the_customer_is_theirs():
    assert WANTED.mentioned_in("no such customer: C-\u00e9!")


def test_what_a_ticket_id_may_be():
    assert [is_ticket_id(text) for text in ("T-1", "a.b_c-D", "", "a b", "a/b", "x" * 129)] == [True] * 2 + [False] * 4


def test_the_refusal_of_a_forgotten_ticket_names_both_remedies():
    rejection = forgotten("T-1.json", "2026-11-23T11:20:05Z").at("T-1.json", 1.5)
    (error,) = rejection.errors
    assert rejection.reason == "forgotten"
    assert "2026-11-23T11:20:05Z" in error.message
    assert "`tickets forget T-1`" in error.message
    assert "`tickets forget --lift T-1`" in error.message
