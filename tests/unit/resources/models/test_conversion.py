"""What `quantize` makes of every matrix of a model, against the matrix in float32."""

import numpy as np
import pytest

from resources.models.conversion import ARCHITECTURES, quantize
from tests.unit.resources.models.random_models import save_bart, save_bert, save_distilbert

SAVE = {"bert": save_bert, "distilbert": save_distilbert, "bart": save_bart}


@pytest.mark.parametrize(("compute_type", "most"), [("int8", 127), ("int7", 63)])
@pytest.mark.parametrize("kind", SAVE)
def test_each_row_of_each_matrix_uses_all_of_its_bits_and_is_off_by_half_a_step_at_most(
    tmp_path, kind, compute_type, most
):
    import torch

    architecture = ARCHITECTURES[kind]
    with torch.no_grad():
        specification = architecture.specification(architecture.load(str(SAVE[kind](tmp_path / kind))))
        specification.validate()
    exact = {name: value.numpy().copy() for name, value in specification.variables().items() if not value.is_scalar()}

    with torch.no_grad():
        quantize(specification, compute_type)

    stored = {name: value for name, value in specification.variables().items() if not isinstance(value, str)}
    matrices = {
        name: value.numpy() for name, value in stored.items() if value.dtype == "int8" and not value.is_scalar()
    }
    assert len(matrices) > 5
    for name, matrix in matrices.items():
        scale = stored[f"{name}_scale"].numpy()[:, None]
        assert set(np.abs(matrix).max(axis=1)) <= {0, most}, name
        assert np.abs(matrix / scale - exact[name]).max() <= 0.501 / scale.min(), name
    assert all(np.array_equal(stored[name].numpy(), exact[name]) for name in stored if name.endswith("bias"))
