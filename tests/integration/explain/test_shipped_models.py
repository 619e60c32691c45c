"""The equations against Keras, and mistakes planted in what the real desktop TFLM is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tflm_hil.explain.case import forward
from tflm_hil.explain.keras_case import case_of, keras_case
from tflm_hil.explain.rank import Diagnosis, Known, diagnose
from tflm_hil.models.zoo.manifest import Variant, load_zoo
from tflm_hil.models.zoo.samples import Samples
from tflm_hil.references import compute
from tflm_hil.references.equations.description import Described, Description
from tflm_hil.references.equations.obstacles import NotExpressible, Obstacle
from tflm_hil.report.causes import Unexamined
from tflm_hil.report.kinds import CauseKind
from tflm_hil.report.mistakes import Fill, How, InputScaled, Shifted, Way

from tests.support.figures import close

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
    ("kind", "how", "change"),
    [
        (CauseKind.FEATURE_ORDER, Way.FEATURES_REVERSED, lambda x: x[:, :, ::-1]),
        (CauseKind.TIME_SHIFT, Way.TIME_REVERSED, lambda x: x[:, ::-1]),
        (
            CauseKind.TIME_SHIFT,
            Shifted(1, Fill.ZERO),
            lambda x: np.concatenate([0 * x[:, :1], x[:, :-1]], axis=1),
        ),
        (CauseKind.AXES_EXCHANGED, Way.FEATURES_READ_AS_TIME, lambda x: x.transpose(0, 2, 1)),
        (CauseKind.NORMALISATION, InputScaled(0.5, 0.0), lambda x: 0.5 * x),
    ],
)
def test_misread_input_is_named(
    kind: CauseKind, how: How, change: Callable[[NDArray[Any]], NDArray[Any]]
) -> None:
    variant = VARIANTS[INT8]
    inputs = variant.load_samples().inputs[:COUNT]
    cause = observed(variant, np.ascontiguousarray(change(inputs))).cause
    assert cause is not None
    assert cause.kind is kind, cause
    assert cause.mistake is not None
    assert any(close(item.how, how) for item in (cause.mistake, *cause.alike)), cause


def test_state_that_leaks_in_the_fused_operator_is_named() -> None:
    variant = VARIANTS[INT8]
    diagnosis = observed(variant, variant.load_samples().inputs[:COUNT], mode="carry")
    assert diagnosis.kind is CauseKind.STATE_LEAKS, diagnosis.cause


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
    diagnosis = observed(variant, variant.load_samples().inputs[:COUNT])
    assert (diagnosis.cause, diagnosis.unexamined) == (None, Unexamined.NOTHING_DIFFERS)
