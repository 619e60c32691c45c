"""Values beyond an input's integer scale, in any of the inputs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tflm_hil.models.convert.exports.refusals import RefusedError
from tflm_hil.models.convert.samples import KerasInput
from tflm_hil.models.convert.saturation import check_saturation
from tflm_hil.models.tflite.inspect import inspect

FUSED = Path(__file__).parents[4] / "fixtures" / "models" / "digits_lstm" / "int8-fused.tflite"
INPUTS = (KerasInput(("image",), (8, 8), "float32"),)


def test_values_beyond_the_inputs_scale_are_an_error_when_they_are_many() -> None:
    model = inspect(FUSED.read_bytes())  # its input holds 0 to 1
    inside = np.random.default_rng(0).uniform(0, 1, (20, 8, 8)).astype(np.float32)
    assert (
        check_saturation(model, INPUTS, {"image": inside}, None, faithful=True, other="float32")
        == []
    )
    one = inside.copy()
    one[0, 0, 0] = 1.5
    (note,) = check_saturation(model, INPUTS, {"image": one}, None, faithful=True, other="float32")
    assert "0.08% of the input values" in note
    with pytest.raises(RefusedError, match="holds 0 to 1; they saturate") as caught:
        check_saturation(model, INPUTS, {"image": inside * 2}, None, faithful=True, other="float32")
    assert "same range" in str(caught.value)
