"""The distribution of a repeated measurement: count, minimum, median, 99th percentile, maximum.

Percentiles are nearest-rank (the smallest value that at least p % of the values do not exceed),
so each one is a value that was really measured, also for integers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Distribution:
    """What a repeated measurement gave; all values in the unit of the measurement."""

    count: int
    minimum: int
    p50: int
    p99: int
    maximum: int


def percentile(ordered: Sequence[int], percent: float) -> int:
    """Nearest-rank percentile of ascending, non-empty `ordered`."""
    rank = math.ceil(percent / 100 * len(ordered))
    return ordered[max(rank, 1) - 1]


def distribution(values: Sequence[int]) -> Distribution | None:
    """Summarise `values`; None if there are none."""
    if not values:
        return None
    ordered = sorted(values)
    return Distribution(
        count=len(ordered),
        minimum=ordered[0],
        p50=percentile(ordered, 50),
        p99=percentile(ordered, 99),
        maximum=ordered[-1],
    )
