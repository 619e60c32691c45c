"""Conversion requests that are refused before TensorFlow is started."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tflm_hil.errors import ConversionError
from tflm_hil.models.convert.convert import convert

MODEL = Path(__file__).parents[4] / "fixtures" / "models" / "digits_gru" / "model.keras"


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"model": MODEL.with_name("gone.keras")}, "no Keras model"),
        ({"export": "sideways"}, "no export 'sideways'"),
        ({"dtype": "int3"}, "no type 'int3'"),
        ({"calibration": None}, "needs representative data"),
        ({"calibration": np.zeros((0, 8, 8), np.float32)}, "no sequence"),
        ({"calibration": np.float32(1.0) * np.ones(3, np.float32)}, "is 1 everywhere"),
        ({"calibration": np.full((2, 8, 8), np.nan, np.float32)}, "NaN"),
    ],
)
def test_refused_by_name_and_with_a_remedy(changes: dict[str, Any], word: str) -> None:
    request: dict[str, Any] = {
        "model": MODEL,
        "export": "unrolled",
        "dtype": "int8",
        "calibration": np.zeros((2, 8, 8), np.float32),
        **changes,
    }
    with pytest.raises(ConversionError, match=word) as caught:
        convert(request.pop("model"), **request)
    assert caught.value.remedy
