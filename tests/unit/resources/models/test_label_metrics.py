import numpy as np
import pytest

from resources.models import label_metrics as m

TRUTH = ["a", "a", "a", "b", "b", "c"]
SAID = ["a", "a", "b", "b", "z", "a"]


def test_each_label_has_its_precision_recall_and_f1():
    by_label = {score.label: score for score in m.scores(TRUTH, SAID)}
    assert by_label["a"] == ("a", 2 / 3, 2 / 3, 2 / 3, 3)
    assert by_label["b"] == ("b", 0.5, 0.5, 0.5, 2)
    assert by_label["c"] == ("c", 0.0, 0.0, 0.0, 1)
    assert m.macro_f1(TRUTH, SAID) == pytest.approx((2 / 3 + 0.5) / 3)


def test_the_calibration_error_is_the_weighed_distance_of_confidence_and_accuracy():
    sure = np.array([0.9, 0.9, 0.9, 0.9, 0.5, 0.5])
    right = np.array([True, True, True, False, True, False])
    assert m.calibration_error(sure, right) == pytest.approx(4 / 6 * 0.15)
    assert [b.rows for b in m.reliability(sure, right)] == [2, 4]


def test_coverage_is_the_largest_share_that_keeps_the_precision():
    right = np.array([True, False, True, True, False])
    sure = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    assert m.coverage(sure, right, 0.75) == 0.8
    assert m.coverage(sure, right, 1.0) == 0.2
    assert m.coverage(sure, ~right, 1.0) == 0.0


def test_the_confident_half_is_of_the_surest_rows_in_any_order():
    assert m.confident_half(np.array([0.2, 0.9, 0.1, 0.8]), np.array([False, True, False, True])) == 1.0


def test_rows_of_one_confidence_count_alike_in_whatever_order_they_come():
    sure = np.array([0.9, 0.5, 0.5, 0.5])
    for right in ([1, 1, 0, 0], [1, 0, 0, 1], [1, 0, 1, 0]):
        assert m.coverage(sure, np.array(right, bool), 0.9) == 0.25
        assert m.coverage(sure, np.array(right, bool), 0.5) == 1.0
        assert m.confident_half(sure, np.array(right, bool)) == pytest.approx((1 + 1 / 3) / 2)


@pytest.mark.parametrize(
    "measure", [m.confident_half, m.calibration_error, m.reliability, lambda sure, right: m.coverage(sure, right, 0.9)]
)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_confidence_that_is_not_finite_is_refused(measure, value):
    with pytest.raises(ValueError, match="not finite"):
        measure(np.array([0.9, value]), np.array([True, False]))


def test_nothing_to_measure_is_refused():
    with pytest.raises(ValueError, match="no rows"):
        m.macro_f1([], [])
