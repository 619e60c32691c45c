"""Padding does nothing: wherever it stands, in float32 and in int8, on desktop TFLM."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from tflm_hil.models.zoo.manifest import Variant, load_model
from tflm_hil.models.zoo.samples import Samples
from tflm_hil.references import compute

from fixtures.data.series import PADDING, WAVE_STEPS, waveforms
from tests.integration.models.test_convert import ZOO

VARIANTS = load_model(ZOO / "masked_gru").variants
LENGTHS = (16, 14, 12, 11, 10)


def padded(where: str) -> NDArray[np.float32]:
    """The same beginnings of waves with the padding behind, in front, or after every value."""
    result = []
    for number, length in enumerate(LENGTHS):
        wave = np.maximum(waveforms().x_test[number, :length, 0], PADDING + 0.1)
        row = np.full(WAVE_STEPS, PADDING, np.float32)
        places = {
            "behind": np.arange(length),
            "in front": np.arange(WAVE_STEPS - length, WAVE_STEPS),
            "between": np.linspace(0, WAVE_STEPS - 1, length).astype(int),
        }
        row[places[where]] = wave
        result.append(row)
    return np.stack(result)[..., np.newaxis]


def run(variant: Variant, inputs: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    found = compute(variant, Samples(inputs), frameworks=("keras", "tflm")).rungs
    return {name: rung.values for name, rung in found.items()}


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_where_the_padding_stands_changes_no_bit(variant: Variant) -> None:
    behind = run(variant, padded("behind"))
    for where in ("in front", "between"):
        assert np.array_equal(run(variant, padded(where))["tflm"], behind["tflm"]), where


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_padded_sequences_equal_keras(variant: Variant) -> None:
    """And what is padded matters: read as data, it gives another answer."""
    found = run(variant, padded("behind"))
    bound = 2e-6 if variant.dtype == "float32" else 0.01
    assert np.max(np.abs(found["tflm"] - found["keras"])) <= bound
    data = padded("behind")
    data[data == PADDING] = PADDING + 0.1
    assert np.max(np.abs(run(variant, data)["tflm"] - found["tflm"])) > 0.5
