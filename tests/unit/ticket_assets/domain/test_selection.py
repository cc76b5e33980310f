from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticket_assets.domain.selection import TEXTS, BadCondition, Condition, first_equality, parse


def seconds(*when: int) -> int:
    return int(datetime(*when, tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("urgency=critical", ("urgency", "=", "critical")),
        ("intent != bug_report", ("intent", "!=", "bug_report")),
        ("model_version!=embedded/a=b/c", ("model_version", "!=", "embedded/a=b/c")),
        ("customer_id=", ("customer_id", "=", "")),
        ("created_at>=2026-11-23", ("created_at", ">=", seconds(2026, 11, 23))),
        ("created_at<=2026-11-23", ("created_at", "<=", seconds(2026, 11, 23, 23, 59, 59))),
        ("created_at>=2026-11-23T14:30:00Z", ("created_at", ">=", seconds(2026, 11, 23, 14, 30))),
        ("created_at<=2026-11-23T14:30:00+02:00", ("created_at", "<=", seconds(2026, 11, 23, 12, 30))),
        ("created_at<=2026-11-23T14:30:00", ("created_at", "<=", seconds(2026, 11, 23, 14, 30))),
    ],
)
def test_a_condition_is_a_field_a_sign_and_a_value(text, condition):
    assert parse(text) == condition


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no condition"),
        ("urgent", "no condition"),
        ("colour=red", "fields are model_version, intent"),
        ("subject=Hi", "fields are model_version, intent"),
        ("urgency>=high", "created_at with >= or <="),
        ("created_at=2026-11-23", "created_at with >= or <="),
        ("urgency=urgent", "urgency is one of critical, high, medium, low"),
        ("sentiment!=negative", "sentiment is one of POSITIVE, NEGATIVE, NEUTRAL"),
        ("created_at>=yesterday", "'yesterday' is no date such as"),
        ("created_at>=2026-02-30", "'2026-02-30' is no date such as"),
    ],
)
def test_what_is_none_is_refused_by_its_text_and_what_is_accepted(text, says):
    with pytest.raises(BadCondition) as caught:
        parse(text)

    assert str(caught.value).startswith(repr(text))
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("text", "item", "holds"),
    [
        ("batch=b", {"batch": "b"}, True),
        ("batch=b", {"batch": "c"}, False),
        ("batch!=b", {"batch": "c"}, True),
        ("customer_id=C-1", {}, False),
        ("customer_id!=C-1", {}, True),
        ("created_at>=1970-01-02", {"created_at": 86_400}, True),
        ("created_at>=1970-01-02", {"created_at": 86_399}, False),
        ("created_at<=1970-01-01", {"created_at": 86_399}, True),
        ("created_at<=1970-01-01", {"created_at": 86_400}, False),
    ],
)
def test_a_condition_holds_or_not(text, item, holds):
    assert parse(text).holds(item) is holds


def test_the_first_equality_on_an_indexed_field_is_what_an_index_is_asked():
    conditions = [parse(t) for t in ("intent!=bug_report", "batch=b", "customer_id=", "intent=x", "urgency=high")]

    assert first_equality(conditions, ("urgency", "intent", "customer_id")) == Condition("intent", "=", "x")
    assert first_equality(conditions[:3], ("urgency", "intent", "customer_id")) is None


@given(
    st.sampled_from([f for f in TEXTS if f not in {"urgency", "sentiment"}]), st.sampled_from(["=", "!="]), st.text()
)
def test_any_text_can_be_asked_for(field, sign, value):
    condition = parse(f"{field}{sign}{value}") if not value.startswith("=") else Condition(field, sign, value.strip())
    assert condition.value == value.strip()
    assert condition.holds({field: condition.value}) is (sign == "=")


@given(st.text())
def test_no_text_breaks_the_parser(text):
    with suppress(BadCondition):
        parse(text)
