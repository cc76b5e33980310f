"""What a ticket's vector must be."""

from collections.abc import Sequence

import numpy as np

from ticket_assets.domain.models import EMBEDDING_DIMENSION

# An int8 engine is a thousandth off the unit length; a vector that was never normalized is far more.
TOLERANCE = 1e-2


def check_unit_vector(vector: np.ndarray) -> None:
    """Raises ValueError unless `vector` has 384 finite components and length 1."""
    values = vector.astype(np.float64)
    if values.shape != (EMBEDDING_DIMENSION,):
        raise ValueError(f"a vector of shape {values.shape}, not ({EMBEDDING_DIMENSION},)")
    if not np.isfinite(values).all():
        raise ValueError("a vector with components that are not finite")
    length = float(np.linalg.norm(values))
    if abs(length - 1) > TOLERANCE:
        raise ValueError(f"a vector of length {length:.4f}, not 1")


def is_unit_vector(vector: Sequence[float]) -> bool:
    """Whether `check_unit_vector` has nothing to say."""
    try:
        check_unit_vector(np.asarray(vector))
    except ValueError:
        return False
    return True
