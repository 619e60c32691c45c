"""Rungs of different steps, brought to the same."""

from __future__ import annotations

import numpy as np
from tflm_hil.comparison.align import aligned
from tflm_hil.comparison.outputs import RungOutputs

STEPS = np.arange(2 * 6 * 1, dtype=np.int8).reshape(2, 6, 1)


def rung(stored: np.ndarray, *, per_step: bool = True) -> RungOutputs:
    return RungOutputs(stored, scale=0.5, zero_point=0, per_step=per_step)


def test_chunks_are_steps_one_behind_the_other() -> None:
    together = aligned({"keras": rung(STEPS.reshape(2, 3, 2, 1)), "device": rung(STEPS)})
    stored = together["keras"].stored
    assert stored is not None
    assert np.array_equal(stored, STEPS)
    assert together["keras"].per_step


def test_the_ends_of_chunks_are_compared_where_keras_gives_no_more() -> None:
    together = aligned({"keras": rung(STEPS[:, 1::2]), "device": rung(STEPS)})
    stored = together["device"].stored
    assert stored is not None
    assert stored[0].ravel().tolist() == [1, 3, 5]
    assert np.array_equal(together["device"].values, together["keras"].values)


def test_the_last_step_where_keras_gives_only_that() -> None:
    together = aligned({"keras": rung(STEPS[:, -1], per_step=False), "device": rung(STEPS)})
    assert np.array_equal(together["device"].values, together["keras"].values)
    assert not together["device"].per_step
