"""How far two arrays are apart, with numbers that are not finite taken seriously.

The same one on both sides (NaN equals NaN here) is not a difference; on one side only it is an
infinite one. So a NaN can never hide in a mean, and a model that is meant to give infinity can
still be compared.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def absolute_difference(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.float64]:
    """|a - b| of every element, in double precision; both of one shape, which is the result's."""
    x, y = a.astype(np.float64), b.astype(np.float64)
    with np.errstate(invalid="ignore"):
        delta = np.abs(x - y)
    delta[~np.isfinite(delta)] = np.inf
    delta[(x == y) | (np.isnan(x) & np.isnan(y))] = 0.0
    return delta
