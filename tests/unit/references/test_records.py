"""References as the comparison and the device's results need them."""

import numpy as np
import pytest
from tflm_hil.references.records import OutputTensor, Reference, References


def references() -> References:
    stored = np.array([[1, -2], [3, 4]], np.int16)
    tflm = Reference("tflm", (OutputTensor(stored, 0.5, 1, False),), {"kernels": "reference"})
    keras = Reference("keras", (OutputTensor(np.ones((2, 2), np.float32), 0.0, 0, False),), {})
    return References("tiny-int16", "reset_each", {"tflm": tflm, "keras": keras})


def test_rungs_come_in_the_order_of_the_ladder() -> None:
    rungs = references().rungs
    assert list(rungs) == ["keras", "tflm"]
    assert not rungs["keras"].integer
    assert rungs["tflm"].values.tolist() == [[0.0, -1.5], [1.0, 1.5]]


def test_bytes_of_the_device_take_the_form_of_desktop_tflm() -> None:
    device = references().device_outputs([b"\x01\x00\xfe\xff", b"\x03\x00\x05\x00"])
    assert device.stored is not None
    assert device.stored.tolist() == [[1, -2], [3, 5]]
    assert device.values.tolist() == [[0.0, -1.5], [1.0, 2.0]]
    assert (device.scale, device.zero_point) == (0.5, 1)


def test_a_wrong_count_of_bytes_or_sequences_is_refused() -> None:
    with pytest.raises(ValueError, match="sequence 1 from the device: 3 bytes, not 4"):
        references().device_outputs([bytes(4), bytes(3)])
    with pytest.raises(ValueError, match="the device returned 3 bytes a sequence, not 4"):
        references().device_outputs([bytes(3), bytes(3)])
    with pytest.raises(ValueError, match="1 sequences"):
        references().device_outputs([bytes(4)])
