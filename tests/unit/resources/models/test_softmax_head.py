import numpy as np
import pytest

from resources.models.softmax_head import fit, softmax

CORNERS = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]])


def three_clouds(sizes=(20, 20, 20), spread=0.5):
    noise = np.random.default_rng(7)
    labels = np.repeat(np.arange(3), sizes)
    return CORNERS[labels] + spread * noise.standard_normal((len(labels), 2)), labels


def loss(weights, x, y, ridge):
    rows = np.hstack([x, np.ones((len(x), 1))])
    counts = np.bincount(y)
    cross_entropy = -np.log(softmax(rows @ weights)[np.arange(len(y)), y])
    return (cross_entropy / (len(counts) * counts[y])).sum() + ridge / 2 * (weights[:-1] ** 2).sum()


def test_separate_clouds_are_told_apart_and_probabilities_sum_to_one():
    x, y = three_clouds()
    p = fit(x, y, ["a", "b", "c"], ridge=0.01).probabilities(x)
    assert p.shape == (60, 3)
    np.testing.assert_allclose(p.sum(axis=1), 1)
    assert (p.argmax(axis=1) == y).all()


def test_the_fit_is_the_minimum_of_its_documented_loss():
    x, y = three_clouds(sizes=(30, 10, 5), spread=2.0)
    weights = fit(x, y, ["a", "b", "c"], ridge=0.05).weights
    best = loss(weights, x, y, 0.05)
    noise = np.random.default_rng(1)
    for _ in range(200):
        assert best <= loss(weights + 0.02 * noise.standard_normal(weights.shape), x, y, 0.05)


def test_the_gradient_of_the_documented_loss_is_zero_at_the_fit():
    x, y = three_clouds(sizes=(30, 10, 5), spread=2.0)
    weights = fit(x, y, ["a", "b", "c"], ridge=0.05).weights
    for place in np.ndindex(weights.shape):
        step = np.zeros_like(weights)
        step[place] = 1e-5
        slope = (loss(weights + step, x, y, 0.05) - loss(weights - step, x, y, 0.05)) / 2e-5
        assert abs(slope) < 2e-5


def test_a_rare_class_weighs_as_much_as_a_common_one():
    x = np.array([[-1.0], *[[1.0]] * 50])
    y = np.array([0, *[1] * 50])
    p = fit(x, y, ["rare", "common"], ridge=0.1).probabilities(np.array([[0.0], [-1.0]]))
    np.testing.assert_allclose(p[0], 0.5, atol=1e-3)
    assert p[1, 0] > 0.5


def test_a_stronger_ridge_means_less_confidence():
    x, y = three_clouds()
    weak, strong = (fit(x, y, ["a", "b", "c"], r).probabilities(x).max(axis=1).mean() for r in (0.001, 1.0))
    assert strong < weak


def test_equal_input_gives_equal_bits():
    x, y = three_clouds()
    first, second = (fit(x, y, ["a", "b", "c"], 0.01).weights for _ in range(2))
    assert first.tobytes() == second.tobytes()


def test_softmax_survives_huge_logits():
    p = softmax(np.array([[1e4, 0.0], [-1e4, 0.0]]))
    np.testing.assert_allclose(p, [[1, 0], [0, 1]])


def test_no_rows_give_no_probabilities():
    x, y = three_clouds()
    assert fit(x, y, ["a", "b", "c"], 0.01).probabilities(np.empty((0, 2))).shape == (0, 3)


@pytest.mark.parametrize(
    ("labels", "classes", "ridge", "complaint"),
    [
        ([0, 1], ["a", "b"], 0.1, "one label a row"),
        ([0, 0, 0], ["a"], 0.1, "two classes"),
        ([0, 1, 0], ["a", "b"], 0.0, "ridge over 0"),
        ([0, 1, 2], ["a", "b"], 0.1, r"must lie in 0\.\.1"),
        ([0, 1, -1], ["a", "b"], 0.1, r"must lie in 0\.\.1"),
        ([0, 1, 0], ["a", "b", "c"], 0.1, r"no example for \['c'\]"),
    ],
)
def test_input_that_cannot_be_fitted_is_refused(labels, classes, ridge, complaint):
    with pytest.raises(ValueError, match=complaint):
        fit(CORNERS, np.array(labels), classes, ridge)
