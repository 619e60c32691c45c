"""Samples beyond an input's scale: told whatever the arrays, with what helps against the reason."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from tflm_hil.measure.input_saturation import input_saturation
from tflm_hil.models.tflite.inspect import inspect
from tflm_hil.models.tflite.ties import tie_of
from tflm_hil.report.records import SaturationReason
from tflm_hil.report.render.saturation import saturation_text

from tests.support.graph_builder import ModelBuilder


def network(*, joined: str = "", padded: bool = False, floats: bool = False) -> bytes:
    """`x` `[1, 4]` on scale 1/128 (from -1 to 1), perhaps padded, perhaps joined with `h`."""
    model = ModelBuilder()
    main = model.graph()

    def tensor(name: str, shape: tuple[int, ...], scale: float = 1 / 128) -> int:
        return main.tensor(name, shape, "int8", scale=scale)

    x = taken = tensor("x", (1, 4))
    start = x
    if floats:
        start = main.tensor("real", (1, 4))
        main.operator("QUANTIZE", [start], [x])
    if padded:
        wide = tensor("wide", (1, 6))
        edges = main.tensor("edges", (2, 2), "int32", data=[[0, 0], [1, 1]])
        main.operator("PAD", [taken, edges], [wide])
        taken = wide
    inputs = [start]
    if joined:
        h = tensor("h", (1, 4), 1 / 128 if joined == "one scale" else 1 / 64)
        y = tensor("y", (1, 8), 1 / 128)
        main.operator("CONCATENATION", [taken, h], [y], "Concatenation", axis=1)
        inputs.append(h)
    else:
        y = tensor("y", (1, 4))
        main.operator("TANH", [taken], [y])
    main.finish(inputs, [y])
    return model.content()


def samples(largest: float, *, inputs: int = 1) -> NDArray[np.float32]:
    """Of 100 sequences ten that reach `largest`, packed if there are several inputs."""
    x = np.zeros((100, 4), np.float32)
    x[:10, 0] = largest
    return x if inputs == 1 else np.concatenate([x, np.zeros_like(x)], axis=1)[:, None]


@pytest.mark.parametrize(
    ("content", "largest", "reason", "words"),
    [
        (network(), 1.5, SaturationReason.CALIBRATION, "calibrate with data"),
        (network(padded=True), 1.5, SaturationReason.CALIBRATION, "calibrate with data"),
        (network(), 255.0, SaturationReason.OTHER_UNIT, "scale the samples as in training"),
    ],
)
def test_reason_decides_what_helps(
    content: bytes, largest: float, reason: SaturationReason, words: str
) -> None:
    (found,) = input_saturation(inspect(content), samples(largest))
    assert (found.name, found.reason, found.tied_to) == ("x", reason, "")
    assert found.share == pytest.approx(10 / 400)
    assert (found.low, found.most) == (-1.0, largest)
    assert words in saturation_text(found)


@pytest.mark.parametrize("padded", [False, True])
def test_shared_scale_is_not_cured_by_calibration(padded: bool) -> None:
    model = inspect(network(joined="one scale", padded=padded))
    found = input_saturation(model, samples(1.5, inputs=2))[0]
    assert (found.reason, found.tied_to) == (SaturationReason.TIED, "h")
    assert "other calibration data do not change that" in saturation_text(found)
    apart = inspect(network(joined="two scales"))
    assert tie_of(apart, apart.inputs[0].index) is None


def test_scale_of_the_quantize_that_takes_a_float_input_counts() -> None:
    (found,) = input_saturation(inspect(network(floats=True)), samples(1.5))
    assert found.name == "real"
    assert found.high == pytest.approx(127 / 128)


def test_what_fits_and_what_only_rounds_is_no_saturation() -> None:
    assert input_saturation(inspect(network()), samples(0.995)) == ()
