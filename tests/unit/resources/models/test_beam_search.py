import pytest

from resources.models.beam_search import Hypothesis, search_of

GENERATION = {
    "num_beams": 2,
    "no_repeat_ngram_size": 3,
    "length_penalty": 2.0,
    "min_length": 3,
    "max_length": 50,
    "forced_first": "<s>",
    "end": "</s>",
    "end_is_forced": True,
}
SEARCH = search_of(GENERATION, 4)


def hypothesis(text: str, log_probability: float, penalty: float = 2.0) -> Hypothesis:
    tokens = text.split()
    return Hypothesis(tokens, log_probability / len(tokens) ** penalty)


CUT = hypothesis("<s> a b", -1.0)
FORCED = hypothesis("<s> a b </s>", -1.0)


def test_the_options_count_as_ctranslate2_does():
    assert SEARCH.options() == {
        "beam_size": 2,
        "num_hypotheses": 2,
        "no_repeat_ngram_size": 3,
        "length_penalty": 2.0,
        "min_decoding_length": 2,
        "max_decoding_length": 3,
        "return_end_token": True,
        "return_scores": True,
    }
    assert SEARCH.options(to_the_end=True)["max_decoding_length"] == 4
    assert SEARCH.prefix == ["<s>"]


def test_a_config_that_says_nothing_means_what_transformers_means():
    search = search_of(dict.fromkeys(GENERATION) | {"end": "</s>", "end_is_forced": False}, 4)

    assert (search.beams, search.no_repeat_ngram, search.length_penalty, search.least) == (1, 0, 1.0, 0)
    assert search.prefix == []
    assert search.options()["max_decoding_length"] == 4


def test_of_finished_ones_the_best_is_chosen():
    best, other = hypothesis("<s> a </s>", -1.0), hypothesis("<s> </s>", -2.0)

    assert SEARCH.choose([best, other]) == (best, True)


def test_one_that_was_cut_gets_the_end_mark_and_the_score_of_its_new_length():
    (tokens, score), sure = SEARCH.choose([CUT, hypothesis("<s> a c", -1.5)])

    assert sure
    assert tokens == FORCED.tokens
    assert score == pytest.approx(FORCED.score)


def test_where_the_end_mark_is_not_forced_one_that_was_cut_stays_as_it_is():
    assert SEARCH._replace(end_is_forced=False).choose([CUT]) == (CUT, True)


def test_a_finished_one_that_is_better_than_what_the_end_mark_makes_of_the_cut_one_is_sure():
    finished = hypothesis("<s> a </s>", -0.4)

    assert SEARCH.choose([finished, CUT]) == (finished, True)


@pytest.mark.parametrize("log_probability", [-0.8, -1.5])
def test_a_cut_one_that_is_better_than_a_finished_one_is_not_sure(log_probability):
    finished = hypothesis("<s> a </s>", log_probability)
    ranked = sorted([finished, CUT], key=lambda h: -h.score)

    (tokens, _), sure = SEARCH.choose(ranked)

    assert (tokens, sure) == (FORCED.tokens, False)


def test_it_is_settled_by_whether_the_search_went_on_to_the_end():
    ended = [hypothesis("<s> a </s>", -1.2), hypothesis("<s> c </s>", -2.0)]
    went_on = [hypothesis("<s> a b c", -1.2), ended[0]]

    assert SEARCH.settle(FORCED, ended) == ended[0]
    assert SEARCH.settle(FORCED, went_on) == FORCED
