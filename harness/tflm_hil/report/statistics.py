"""The distribution of a repeated measurement: count, minimum, median, 99th percentile, maximum.

Percentiles are nearest-rank (the smallest value that at least p % of the values do not exceed),
so each one is a value that was really measured, also for integers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Distribution:
    """What a repeated measurement gave; all values in the unit of the measurement."""

    count: int
    minimum: int
    p50: int
    p99: int
    maximum: int


def percentile(ordered: Sequence[int] | NDArray[np.int64], percent: float) -> int:
    """Nearest-rank percentile of ascending, non-empty `ordered`."""
    rank = math.ceil(percent / 100 * len(ordered))
    return int(ordered[max(rank, 1) - 1])


def distribution(values: Sequence[int] | NDArray[np.int64]) -> Distribution | None:
    """Summarise `values`, in whatever shape; None if there are none."""
    ordered = np.sort(np.asarray(values, np.int64), axis=None)
    if not ordered.size:
        return None
    return Distribution(
        count=ordered.size,
        minimum=int(ordered[0]),
        p50=percentile(ordered, 50),
        p99=percentile(ordered, 99),
        maximum=int(ordered[-1]),
    )
