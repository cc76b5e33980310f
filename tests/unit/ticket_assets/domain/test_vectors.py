import numpy as np
import pytest

from tests.support import UNIT_VECTOR
from ticket_assets.domain.vectors import check_unit_vector, is_unit_vector


@pytest.mark.parametrize("length", [1.0, 0.995, 1.005])
def test_a_vector_of_length_one_within_an_int8_engines_error_passes(length):
    assert is_unit_vector([length * component for component in UNIT_VECTOR])


def test_an_array_of_float32_passes_too():
    check_unit_vector(np.full(384, 384**-0.5, dtype=np.float32))


@pytest.mark.parametrize("length", [0.0, 0.5, 0.98, 1.02, 19.6])
def test_a_vector_of_another_length_is_refused(length):
    with pytest.raises(ValueError, match="length"):
        check_unit_vector(length * np.array(UNIT_VECTOR))


@pytest.mark.parametrize("shape", [(0,), (383,), (385,), (1, 384)])
def test_a_vector_of_another_shape_is_refused(shape):
    with pytest.raises(ValueError, match="shape"):
        check_unit_vector(np.ones(shape))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_component_that_is_not_finite_is_refused(value):
    with pytest.raises(ValueError, match="not finite"):
        check_unit_vector(np.array([value, *UNIT_VECTOR[1:]]))


def test_what_the_check_refuses_is_no_unit_vector():
    assert not is_unit_vector([])
