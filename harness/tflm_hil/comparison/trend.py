"""Whether a series of errors stays bounded, grows linearly, or diverges.

The series is cut into at most 24 blocks and each is replaced by its median, so that a spike at a
single step says nothing. Then, in this order:

1. Is it a jump? If two constant levels leave less than a fifth of the variance, fit better than
   a line and than an exponential, and the later level rises by less than a quarter of the jump,
   the series is **bounded**, and `jump_step` tells when.
2. Is there a rise at all? Mann-Kendall's test on the blocks (Kendall, *Rank Correlation Methods*,
   1975): without one at p < 0.001, or with a rise below a tenth of the level, the series is
   **bounded**.
3. How does the second half rise against the first? By less than a quarter: it levels off
   (1 - exp(-t/τ) with τ = T/3 has 0.22), **bounded**. By more than twice (t² has 3, an exponential
   that grows e-fold over the series has 1.6, e²-fold 2.7): **diverging**. Between: **linear**
   (a random walk, √t, has 0.41: it grows without bound, not faster than in proportion).

Slopes are Theil-Sen's (median of all pairs), which a third of outliers does not move.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tflm_hil.report.drifting import Trend, TrendKind

MINIMUM_STEPS = 8
BLOCKS = 24
P_VALUE = 0.001
RELEVANT_RISE = 0.1
LEVELS_OFF = 0.25
ACCELERATES = 2.0
LATER_LEVEL_BLOCKS = 4
TWO_LEVELS_LEAVE = 0.2


def trend(series: NDArray[np.float64]) -> Trend:
    """Classify a series of non-negative errors, one a step; infinities count as diverging."""
    values = np.asarray(series, np.float64)
    if len(values) < MINIMUM_STEPS:
        level = float(np.median(values)) if len(values) else math.nan
        return Trend(TrendKind.TOO_SHORT, level, math.nan, 1.0, math.nan)
    if not np.all(np.isfinite(values)):
        return Trend(TrendKind.DIVERGING, math.inf, math.inf, 0.0, math.inf, doubling_steps=0.0)
    centres, blocks = _blocks(values)
    level = float(np.median(blocks[len(blocks) // 2 :]))
    slope = theil_sen(centres, blocks)
    p_value = rise_p_value(blocks)
    rise = slope * (centres[-1] - centres[0])
    cut = _jump(centres, blocks)
    if cut is not None:
        step = _jump_step(values, int(centres[cut - 1]), int(centres[cut]))
        return Trend(TrendKind.BOUNDED, level, slope, p_value, math.nan, jump_step=step)
    if p_value >= P_VALUE or rise < RELEVANT_RISE * float(np.median(blocks)):
        return Trend(TrendKind.BOUNDED, level, slope, p_value, math.nan)
    acceleration = _acceleration(blocks)
    if acceleration < LEVELS_OFF:
        return Trend(TrendKind.BOUNDED, level, slope, p_value, acceleration)
    if acceleration <= ACCELERATES:
        return Trend(TrendKind.LINEAR, level, slope, p_value, acceleration)
    doubling = _doubling_steps(centres, blocks)
    return Trend(TrendKind.DIVERGING, level, slope, p_value, acceleration, doubling_steps=doubling)


def theil_sen(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """The median slope of all pairs of points."""
    first, second = np.triu_indices(len(x), 1)
    return float(np.median((y[second] - y[first]) / (x[second] - x[first])))


def rise_p_value(values: NDArray[np.float64]) -> float:
    """One-sided p-value of a rise by Mann-Kendall's test, corrected for ties."""
    count = len(values)
    first, second = np.triu_indices(count, 1)
    score = float(np.sign(values[second] - values[first]).sum())
    _, ties = np.unique(values, return_counts=True)
    variance = count * (count - 1) * (2 * count + 5)
    variance -= int(np.sum(ties * (ties - 1) * (2 * ties + 5)))
    if score <= 0 or variance <= 0:
        return 1.0
    z = (score - 1) / math.sqrt(variance / 18)
    return 0.5 * math.erfc(z / math.sqrt(2))


def _blocks(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Centre (in steps) and median of each block."""
    count = min(BLOCKS, len(values))
    edges = np.round(np.linspace(0, len(values), count + 1)).astype(int)
    spans = list(pairwise(edges.tolist()))
    centres = np.array([(start + end - 1) / 2 for start, end in spans])
    return centres, np.array([np.median(values[start:end]) for start, end in spans])


def _acceleration(blocks: NDArray[np.float64]) -> float:
    """Rise over the second half of the blocks against that over the first."""
    quarter = max(1, len(blocks) // 8)
    middle = len(blocks) // 2
    start = float(np.median(blocks[:quarter]))
    half = float(np.median(blocks[middle - quarter // 2 : middle + (quarter + 1) // 2]))
    end = float(np.median(blocks[-quarter:]))
    if half <= start:
        return math.inf
    return (end - half) / (half - start)


def _jump(centres: NDArray[np.float64], blocks: NDArray[np.float64]) -> int | None:
    """The first block of the later level, if two levels explain the series best."""
    best: tuple[float, int] | None = None
    for cut in range(1, len(blocks) - LATER_LEVEL_BLOCKS + 1):
        earlier, later = blocks[:cut], blocks[cut:]
        error = float(np.sum((earlier - earlier.mean()) ** 2) + np.sum((later - later.mean()) ** 2))
        if best is None or error < best[0]:
            best = (error, cut)
    if best is None:
        return None
    error, cut = best
    if blocks[cut:].mean() <= blocks[:cut].mean():
        return None
    if error >= TWO_LEVELS_LEAVE * float(np.sum((blocks - blocks.mean()) ** 2)):
        return None
    smooth = min(_line_error(centres, blocks), _exponential_error(centres, blocks))
    if error >= 0.5 * smooth:
        return None
    height = float(blocks[cut:].mean() - blocks[:cut].mean())
    # the first block of the later level may hold steps of both, which would look like a rise
    within = slice(cut + 1, None)
    extent = float(centres[-1] - centres[cut + 1])
    rise = theil_sen(centres[within], blocks[within]) * extent
    return cut if rise < LEVELS_OFF * height else None


def _line_error(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    fitted = np.polyval(np.polyfit(x, y, 1), x)
    return float(np.sum((y - fitted) ** 2))


def _exponential_error(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    if np.any(y <= 0):
        return math.inf
    fitted = np.exp(np.polyval(np.polyfit(x, np.log(y), 1), x))
    return float(np.sum((y - fitted) ** 2))


def _jump_step(values: NDArray[np.float64], start: int, end: int) -> int:
    """The step between two block centres at which the level changes."""
    threshold = 0.5 * (float(np.median(values[: start + 1])) + float(np.median(values[end:])))
    above = np.flatnonzero(values[start : end + 1] > threshold)
    return start + int(above[0]) if len(above) else end


def _doubling_steps(centres: NDArray[np.float64], blocks: NDArray[np.float64]) -> float | None:
    """Steps in which the later half of the series doubles."""
    later = slice(len(blocks) // 2, None)
    if np.any(blocks[later] <= 0):
        return None
    rate = theil_sen(centres[later], np.log2(blocks[later]))
    return 1.0 / rate if rate > 0 else None
