import numpy as np
import pytest

from resources.models import text_metrics as m


def test_rouge_counts_shared_words_pairs_and_the_longest_common_subsequence():
    ours, reference = "the cat sat on the mat", "The cat was on the mat."
    assert m.rouge_n(ours, reference, 1) == pytest.approx(5 / 6)
    assert m.rouge_n(ours, reference, 2) == pytest.approx(3 / 5)
    assert m.rouge_l(ours, reference) == pytest.approx(5 / 6)
    assert m.rouge_l("mat the on sat cat the", reference) == 0.5  # in order: the, on, the
    assert m.rouge_n("", reference, 1) == m.rouge_l("", "") == 0.0


def test_a_row_never_finds_itself_and_its_best_duplicate_counts():
    similar = np.array([[1.0, 0.2, 0.9], [0.2, 1.0, 0.5], [0.9, 0.5, 1.0]])
    assert m.ranks(similar, [{1, 2}, {0}, set()]) == [1, 2]
    assert m.hit_at([1, 2], 1) == 0.5
    assert m.reciprocal([1, 2]) == 0.75


def test_among_equals_the_rank_is_the_mean_over_their_orders():
    similar = np.zeros((4, 4))
    assert m.ranks(similar, [{1}, {0, 2}, {0, 1, 3}, set()]) == [2.0, pytest.approx(4 / 3), 1.0]
    similar[0, 3] = 0.5
    assert m.ranks(similar, [{1}, set(), set(), set()]) == [2.5]


def test_a_similarity_that_is_not_finite_is_refused():
    with pytest.raises(ValueError, match="not finite"):
        m.ranks(np.array([[0.0, np.nan], [0.0, 0.0]]), [{1}, {0}])


def test_bm25_prefers_the_text_with_the_rare_words_of_the_query():
    scores = m.bm25(["the printer jams", "a printer jams often", "the cat sleeps", "the dog sleeps"])
    assert scores[0, 1] > scores[0, 2] > 0
    assert m.ranks(scores, [{1}, {0}, {3}, {2}]) == [1, 1, 1, 1]


def test_the_lead_is_the_first_words():
    assert m.lead("one  two three", 2) == "one two"
