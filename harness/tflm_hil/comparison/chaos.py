"""Is a growing difference of floats the device's fault, or the network's own doing?

Two implementations round differently, and a recurrent network feeds the difference back. Some
networks forget it, some multiply it at every step until it is as large as the states themselves:
then two runs on the desktop part just so, when one of them gets an input that was moved by one
rounding, or is made by another runtime. Such runs are the measure here: as long as the device stays
within a multiple of how far they part, nothing has been added but rounding.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tflm_hil.comparison.difference import absolute_difference
from tflm_hil.report.drifting import ChaosRecord

# How many times the growth on the desktop is allowed. Both start from one rounding or a few, at
# other places of the network: the ratio of the two curves is one of chance, and constant once both
# grow at the network's rate. Over the zoo it is at most 1.4 (builtin engine) and 1.2 (TFLM).
ALLOWED = 10.0

SMALLEST = float(np.finfo(np.float32).tiny)

# A rounding that becomes this share of the largest output is no longer rounding.
LARGE = 1e-3


def chaos(
    device: NDArray[np.float32],
    reference: NDArray[np.float32],
    others: Sequence[NDArray[np.float32]],
    *,
    floor: float,
) -> ChaosRecord:
    """Of outputs `[steps, ...]`: device, reference, and other runs on the desktop.

    `floor` (unit of the output) is what the two may differ by in a single step, from equal states.
    """
    ours = _by_step(device, reference)
    own = np.max([_by_step(other, reference) for other in others], axis=0)
    ratio = ours / np.maximum(np.maximum.accumulate(own), floor)
    beyond = np.flatnonzero(ratio > ALLOWED)
    relative = own / max(float(np.max(np.abs(reference))), SMALLEST)
    large = np.flatnonzero(relative > LARGE)
    return ChaosRecord(
        excess=float(ratio.max()),
        first_step=int(beyond[0]) if len(beyond) else None,
        own=float(relative.max()),
        large_from=int(large[0]) if len(large) else None,
        large=LARGE,
    )


def _by_step(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float64]:
    """Largest |Δ| of each step, `[steps]`."""
    largest: NDArray[np.float64] = absolute_difference(a, b).reshape(len(a), -1).max(axis=1)
    return largest
