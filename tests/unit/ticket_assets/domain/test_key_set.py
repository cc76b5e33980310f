from hypothesis import given
from hypothesis import strategies as st

from ticket_assets.domain.key_set import KeySet


@given(st.lists(st.text()), st.lists(st.text()))
def test_it_holds_what_was_put_in_and_nothing_else(keys, others):
    held = KeySet(iter(keys))

    assert all(key in held for key in keys)
    assert [key for key in others if key in held] == [key for key in others if key in set(keys)]


def test_a_hundred_thousand_keys_take_eight_bytes_each():
    assert KeySet(f"T-{number}.json" for number in range(100_000))._hashes.nbytes == 800_000
