"""The batching decision under random messages and states: nothing is dropped, nothing is told twice."""

import json

from hypothesis import given
from hypothesis import strategies as st

from sensors.planning import WORTH_A_RUN, batched, intake, requests, room
from tests.unit.sensors.test_planning import Message, about

KEYS = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=12)
BUCKETS = st.sampled_from(["tickets-raw", "another"])
NOISE = st.one_of(
    st.text(max_size=20),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["Records", "detail", "detail-type", "Type", "Message", "bucket", "key", "s3", "Event"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=8,
    ).map(json.dumps),
)


@st.composite
def told(draw) -> tuple[Message, list[str]]:
    """A message, and the keys of our bucket that it names."""
    name, keys, bucket = str(draw(st.uuids())), draw(st.lists(KEYS, max_size=4)), draw(BUCKETS)
    plain = draw(st.booleans()) and keys
    if plain:
        message = Message(name, json.dumps({"bucket": bucket, "key": keys[0]}))
        keys = keys[:1]
    else:
        message = about(name, *[key.replace("%", "%25").replace("+", "%2B") for key in keys], bucket=bucket)
    return message, keys if bucket == "tickets-raw" else []


@given(st.lists(told(), max_size=12), st.integers(1, 5), st.integers(0, 3))
def test_each_key_that_a_message_names_is_in_exactly_one_batch(messages, size, free):
    found = intake([message for message, _ in messages], "tickets-raw")
    batches = batched(found.keys, size, free)

    landed = [key for batch in batches for key in batch]
    assert landed == list(dict.fromkeys(key for _, keys in messages for key in keys))


@given(st.integers(0, 2_000), st.integers(1, 256), st.integers(0, 20))
def test_no_batch_is_too_large_or_much_smaller_than_another_and_none_is_made_for_nothing(tickets, size, free):
    sizes = [len(batch) for batch in batched([str(n) for n in range(tickets)], size, free)]

    assert sum(sizes) == tickets
    assert all(1 <= batch <= size for batch in sizes)
    assert not sizes or max(sizes) - min(sizes) <= 1
    fewest = -(-tickets // size)
    assert len(sizes) == fewest or (len(sizes) <= free and min(sizes) >= WORTH_A_RUN)


@given(st.lists(NOISE, max_size=8), st.lists(told(), max_size=4))
def test_whatever_else_the_queue_holds_no_named_key_is_lost_and_no_bad_message_unnamed(noise, messages):
    odd = [Message(f"odd-{number}", body) for number, body in enumerate(noise)]
    good = intake([message for message, _ in messages], "tickets-raw")

    found = intake([*odd, *(message for message, _ in messages)], "tickets-raw")

    assert set(good.keys) <= set(found.keys)
    assert all(found.bad.values())
    assert {name for name in found.bad if not name.startswith("odd-")} == set(good.bad)


@given(st.lists(st.text(max_size=3), unique=True), st.sets(st.text(max_size=3)))
def test_each_pending_batch_is_either_requested_or_seen_off(pending, past_start):
    decided = requests(pending, past_start)

    assert sorted(decided.request + decided.started) == sorted(pending)
    assert set(decided.started) <= past_start
    assert not set(decided.request) & past_start


@given(
    st.dictionaries(st.sampled_from(["pending", "queued"]), st.integers(0, 20)),
    st.integers(1, 20),
    st.integers(1, 20),
    st.integers(1, 256),
    st.integers(0, 5_000),
)
def test_there_is_room_for_whole_batches_or_a_reason_why_there_is_none(waiting, most, slots, size, backlog):
    messages, reason = room(waiting, most, slots, size, backlog)

    total = sum(waiting.values())
    assert bool(messages) != bool(reason)
    assert messages % size == 0
    assert not (messages and total >= most)
    assert messages or total >= min(most, slots)  # no slot is without its next batch while there are tickets
    assert messages or total >= most or backlog < size
