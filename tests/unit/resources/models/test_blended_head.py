import numpy as np
import pytest

from resources.models.blended_head import Blend, fit_blended, thresholds

PLAIN = Blend(ridge=0.01, sharpness=1.0, bonus=1.0)
NEAREST = Blend(ridge=0.01, sharpness=1.0, bonus=1.0, share=0.5)


def clouds(spread, count=20):
    noise = np.random.default_rng(3)
    owners = np.repeat([0, 1], count)
    x = np.eye(8)[owners] + spread * noise.standard_normal((2 * count, 8))
    return x / np.linalg.norm(x, axis=1, keepdims=True), owners


def fitted(blend, spread=0.3, owners=None):
    x, y = clouds(spread)
    return fit_blended(x, y if owners is None else owners, np.zeros((40, 2)), ["a", "b"], blend), x


def test_an_odd_example_out_pulls_its_own_surroundings_only_where_the_nearest_count():
    x, y = clouds(0.1)
    x[39], probe = np.eye(8)[0], np.eye(8)[:1]
    plain, nearest = (fit_blended(x, y, np.zeros((40, 2)), ["a", "b"], b) for b in (PLAIN, NEAREST))
    none = np.zeros((1, 2))
    assert nearest.probabilities(probe, none)[0, 1] > plain.probabilities(probe, none)[0, 1]


@pytest.mark.parametrize("blend", [PLAIN, NEAREST])
def test_each_keyword_adds_the_bonus_to_its_labels_logit(blend):
    head, x = fitted(blend)
    added = head.logits(x[:1], np.array([[0, 2]])) - head.logits(x[:1], np.zeros((1, 2)))
    np.testing.assert_allclose(added, [[0, 2.0]], atol=1e-9)


def test_examples_that_cannot_be_told_apart_make_answers_less_sure_and_easy_ones_never_surer():
    sharp = Blend(ridge=0.001, sharpness=5.0, bonus=1.0)
    easy, _ = fitted(sharp, spread=0.1)
    mixed, _ = fitted(sharp, spread=3.0)
    assert easy.temperature == 1.0
    assert mixed.temperature > 1.5


def test_what_is_unlike_every_example_is_far_and_an_example_is_not():
    head, x = fitted(PLAIN)
    assert not head.is_far(x[:3]).any()
    assert head.is_far(-x[:3]).all()


def test_equal_input_gives_equal_bits():
    one, other = (fitted(NEAREST)[0] for _ in range(2))
    assert one.regression.weights.tobytes() == other.regression.weights.tobytes()
    assert (one.temperature, one.far) == (other.temperature, other.far)


def test_each_label_gets_the_least_threshold_that_is_precise_enough_or_the_ceiling_with_what_it_reaches():
    blend = Blend(ridge=0.01, sharpness=1.0, bonus=1.0, floor=0.4, ceiling=0.6)
    answers = [  # (said, confidence, truth)
        *[(0, 0.9, 0)] * 9 + [(0, 0.45, 1)] * 3,  # precise from .46 on
        *[(1, 0.9, 1)] * 3 + [(1, 0.9, 2)],  # three of four right, however sure
        *[(2, 0.41, 2)] * 5,  # right throughout
    ]
    rows = np.full((len(answers), 4), 0.0)
    for row, (said, sure, _) in zip(rows, answers, strict=True):
        row[:] = (1 - sure) / 3
        row[said] = sure
    found, precisions = thresholds(rows, np.array([truth for *_, truth in answers]), blend)
    np.testing.assert_allclose(found, [0.46, 0.6, 0.4, 0.6])
    np.testing.assert_allclose(precisions, [1.0, 0.75, 1.0, 0.0])
