import numpy as np

from resources.models.token_states import Tokens, TokenStates

STATES = np.ones((4, 8), dtype=np.float32)


def test_what_was_kept_is_taken_once():
    kept = TokenStates()
    kept.keep("a", STATES)

    assert kept.take("a") is STATES
    assert kept.take("a") is None


def test_beyond_the_most_bytes_the_oldest_go():
    kept = TokenStates(most_bytes=2 * STATES.nbytes)
    for key in "abca":
        kept.keep(key, STATES)

    assert [kept.take(key) is STATES for key in "abc"] == [True, False, True]


def test_what_was_taken_makes_room_again():
    kept = TokenStates(most_bytes=STATES.nbytes)
    for key in "abc":
        kept.keep(key, STATES)
        assert kept.take(key) is STATES


def test_a_part_has_the_tokens_that_lie_wholly_in_it_and_no_special_ones():
    tokens = Tokens([101, 5, 6, 7, 102], [(0, 0), (0, 3), (4, 7), (8, 12), (0, 0)])

    assert tokens.within(slice(0, 7)).tolist() == [False, True, True, False, False]
    assert tokens.within(slice(4, 10)).tolist() == [False, False, True, False, False]
    assert not tokens.within(slice(0, 0)).any()
