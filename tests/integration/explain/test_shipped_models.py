"""The equations against Keras, and mistakes planted in what the real desktop TFLM is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tflm_hil.explain import Diagnosis, Known, diagnose, forward
from tflm_hil.explain.keras_case import case_of, keras_case
from tflm_hil.models.zoo.manifest import Variant, load_zoo
from tflm_hil.models.zoo.samples import Samples
from tflm_hil.references import compute
from tflm_hil.references.equations.description import Described, Description
from tflm_hil.references.equations.obstacles import NotExpressible, Obstacle

ROOT = Path(__file__).parents[3] / "fixtures" / "models"
VARIANTS = {v.id: v for model in load_zoo(ROOT) for v in model.variants if "digits" in v.id}
INT8 = "digits_lstm-int8-fused"
COUNT = 40


@pytest.mark.parametrize(
    "name",
    ["digits_simple_rnn-float32-loop", "digits_gru-float32-loop", "digits_lstm-float32-loop"],
)
def test_equations_give_what_keras_gives(name: str) -> None:
    variant = VARIANTS[name]
    assert variant.keras is not None
    samples = variant.load_samples().first(COUNT)
    keras = compute(variant, samples, frameworks=("keras",)).rungs["keras"].values
    ours = forward(keras_case((variant.keras.path, None), samples.inputs))
    assert np.abs(ours - keras).max() < 1e-5


def observed(variant: Variant, inputs: NDArray[Any], mode: Any = "reset_each") -> Diagnosis:
    """What desktop TFLM makes of `inputs`, explained from the right ones."""
    right = variant.load_samples().inputs[:COUNT]
    found = compute(variant, Samples(inputs), mode=mode, frameworks=("tflm",)).rungs["tflm"]
    clean = compute(variant, Samples(right), frameworks=("tflm",)).rungs["tflm"]
    assert variant.keras is not None
    case = keras_case((variant.keras.path, None), right)
    moved = found.values.astype(np.float64) - clean.values
    return diagnose(case, forward(case) + moved, Known(found.scale))


@pytest.mark.parametrize(
    ("number", "says", "change"),
    [
        (13, "features reversed", lambda x: x[:, :, ::-1]),
        (14, "in reversed order", lambda x: x[:, ::-1]),
        (14, "1 step late", lambda x: np.concatenate([0 * x[:, :1], x[:, :-1]], axis=1)),
        (15, "time and features", lambda x: x.transpose(0, 2, 1)),
        (12, "arrives is 0.5·x", lambda x: 0.5 * x),
    ],
)
def test_misread_input_is_named(
    number: int, says: str, change: Callable[[NDArray[Any]], NDArray[Any]]
) -> None:
    variant = VARIANTS[INT8]
    inputs = variant.load_samples().inputs[:COUNT]
    found = observed(variant, np.ascontiguousarray(change(inputs)))
    assert found.best is not None, found.sentence
    assert found.best.suspect.number == number, found.sentence
    assert says.lower() in found.sentence.lower()


def test_state_that_leaks_in_the_fused_operator_is_named() -> None:
    variant = VARIANTS[INT8]
    found = observed(variant, variant.load_samples().inputs[:COUNT], mode="carry")
    assert found.best is not None, found.sentence
    assert found.best.suspect.number == 1, found.sentence


def dense(**config: Any) -> Described:
    settings = {"activation": "linear", **config}
    return Described("Dense", "head", settings, {"kernel": np.ones((3, 2))})


@pytest.mark.parametrize(
    ("layers", "obstacle", "layer"),
    [
        ([], Obstacle.NOT_RECURRENT, ""),
        ([dense()], Obstacle.NOT_RECURRENT, ""),
        ([dense(activation="gelu")], Obstacle.NO_ACTIVATION, "head"),
        ([Described("ConvLSTM1D", "film", {})], Obstacle.NO_EQUATION, "film"),
    ],
)
def test_networks_that_the_equations_do_not_cover_are_left_alone(
    layers: list[Described], obstacle: Obstacle, layer: str
) -> None:
    with pytest.raises(NotExpressible) as refusal:
        case_of(Description(tuple(layers)), np.zeros((1, 2, 3)), {})
    assert (refusal.value.obstacle, refusal.value.layer) == (obstacle, layer)


def test_a_reference_of_another_variant_is_no_mistake_of_the_network() -> None:
    """Float against float: nothing differs, nothing is suspected."""
    variant = replace(VARIANTS["digits_gru-float32-loop"])
    found = observed(variant, variant.load_samples().inputs[:COUNT])
    assert found.best is None
    assert found.sentence == "Nothing differs."
