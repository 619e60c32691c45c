"""Operators in which a peculiarity of a library can show, and that it is a matter of bits."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from tflm_hil.explain.peculiarity import Factor, Peculiarity, factors, rounded_factors, touched
from tflm_hil.models.tflite.inspect import Inspection, Operator, Subgraph, Tensor, inspect
from tflm_hil.paths import REPOSITORY

MODELS = REPOSITORY / "fixtures" / "models"
FUSED = sorted(MODELS.glob("*/int8-fused.tflite"))
EVEN, ODD, THIRD = 0.25, 0.1234567, 0.7654321  # a power of two, and none


def tensor(index: int, kind: str, *scales: float) -> Tensor:
    return Tensor(
        index, f"t{index}", kind, (1, 4), (1, 4), tuple(map(single, scales)), (0,), 0, 0, False
    )


def single(value: float) -> float:
    """As a file holds it."""
    return float(np.float32(value))


def model(name: str, kind: str, scales: tuple[float, ...], **options: float) -> Inspection:
    """One operator with an output on the last of the scales."""
    tensors = tuple(tensor(index, kind, scale) for index, scale in enumerate(scales))
    last = len(scales) - 1
    operator = Operator(0, 0, name, 1, tuple(range(last)), (last,), options)
    return Inspection(3, "", 0, (Subgraph(0, "main", tensors, (operator,), (0,), (last,)),), ())


@pytest.mark.parametrize("path", FUSED, ids=lambda path: path.parent.name)
def test_every_fused_lstm_on_integers_may_forget(path: Path) -> None:
    assert touched(inspect(path.read_bytes()))[Peculiarity.FORGETFUL_LSTM] == (
        "UNIDIRECTIONAL_SEQUENCE_LSTM",
    )


def test_floats_have_no_peculiarity() -> None:
    for path in sorted(MODELS.glob("*/float32-fused.tflite")):
        assert touched(inspect(path.read_bytes())) == {}


@pytest.mark.parametrize("name", ["FULLY_CONNECTED", "BATCH_MATMUL", "SUB", "DIV"])
@pytest.mark.parametrize("kind", ["int8", "int16"])
def test_operators_of_two_scales(name: str, kind: str) -> None:
    assert touched(model(name, kind, (ODD, THIRD, ODD * 3))) == {
        Peculiarity.SINGLE_PRECISION: (name,)
    }
    assert touched(model(name, kind, (EVEN, EVEN, EVEN))) == {}
    assert touched(model(name, "float32", (ODD, THIRD, ODD * 3))) == {}


@pytest.mark.parametrize("name", ["ABS", "RELU", "LEAKY_RELU"])
def test_operators_of_one_scale(name: str) -> None:
    assert touched(model(name, "int8", (ODD, THIRD))) == {Peculiarity.SINGLE_PRECISION: (name,)}
    assert touched(model(name, "int8", (EVEN, EVEN))) == {}


def test_the_slope_of_a_leaky_relu_counts() -> None:
    slope = single(0.3)
    assert touched(
        model("LEAKY_RELU", "int8", (0.8560000061988831, 0.8560000061988831), alpha=slope)
    )
    assert not touched(
        model("LEAKY_RELU", "int8", (0.8560000061988831, 0.8560000061988831), alpha=0.5)
    )


@pytest.mark.parametrize("name", ["ADD", "MUL", "CONV_2D", "LOGISTIC"])
def test_operators_that_every_tree_computes_in_double_precision(name: str) -> None:
    assert touched(model(name, "int8", (ODD, THIRD, ODD * 3))) == {}


def test_weights_on_a_scale_for_each_channel_are_not_rounded() -> None:
    one = model("FULLY_CONNECTED", "int8", (ODD, THIRD, ODD * 3))
    (graph,) = one.subgraphs
    tensors = (graph.tensors[0], tensor(1, "int8", ODD, THIRD), graph.tensors[2])
    channels = Subgraph(0, "main", tensors, graph.operators, (0,), (2,))
    assert touched(Inspection(3, "", 0, (channels,), ())) == {}


def test_factors_are_those_of_the_scales() -> None:
    scales = tuple(map(single, (ODD, THIRD, ODD * 3)))
    (factor,) = factors(model("FULLY_CONNECTED", "int8", scales))
    assert factor.exact == scales[0] * scales[1] / scales[2]
    assert factor.rounded == float(np.float32(scales[0]) * np.float32(scales[1])) / scales[2]
    assert 0 < factor.change < 2**-23, "half a unit in the last place"
    named = rounded_factors(model("FULLY_CONNECTED", "int8", scales))
    assert named is not None
    assert (named.operator, named.exact) == ("FULLY_CONNECTED", factor.exact)


def test_only_a_change_of_the_integers_counts() -> None:
    """Kernels multiply with 31 bits: what is beyond them changes nothing."""
    assert not Factor("SUB", 0.5, math.nextafter(0.5, 1.0)).shows
    assert Factor("SUB", 0.5, 0.5 + 2**-31).shows


def test_damaged_scales_are_no_factors() -> None:
    assert list(factors(model("FULLY_CONNECTED", "int8", (0.0, ODD, THIRD)))) == []
    assert list(factors(model("DIV", "int8", (ODD, THIRD, 1e-45)))) == []
