"""References as the comparison and the device's results need them."""

import numpy as np
from tflm_hil.comparison.outputs import RungOutputs
from tflm_hil.references.records import Reference, References
from tflm_hil.vocabulary import RungName


def references() -> References:
    stored = np.array([[1, -2], [3, 4]], np.int16)
    tflm = Reference(RungName.TFLM, (RungOutputs(stored, 0.5, 1, False),), {"kernels": "reference"})
    keras = Reference(
        RungName.KERAS, (RungOutputs(np.ones((2, 2), np.float32), 0.0, 0, False),), {}
    )
    return References("tiny-int16", "reset_each", {"tflm": tflm, "keras": keras})


def test_rungs_come_in_the_order_of_the_ladder() -> None:
    rungs = references().rungs
    assert list(rungs) == ["keras", "tflm"]
    assert not rungs["keras"].integer
    assert rungs["tflm"].values.tolist() == [[0.0, -1.5], [1.0, 1.5]]
