"""A description survives being stored; what has no equation is a record with words."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from tflm_hil.references.equations.build import build
from tflm_hil.references.equations.description import (
    Described,
    DescribedDecoder,
    Description,
    restored,
    stored,
)
from tflm_hil.references.equations.obstacles import NotExpressible, Obstacle, words

RANDOM = np.random.default_rng(2)
SETTINGS = {
    "activation": "tanh", "recurrent_activation": "sigmoid", "reset_after": True,
    "return_sequences": True, "go_backwards": False, "stateful": False,
    "zero_output_for_mask": False,
}  # fmt: skip


def gru(name: str, features: int, units: int, **settings: Any) -> Described:
    shapes = {
        "kernel": (features, 3 * units),
        "recurrent_kernel": (units, 3 * units),
        "bias": (2, 3 * units),
    }
    weights = {key: RANDOM.normal(size=shape) for key, shape in shapes.items()}
    return Described("GRU", name, {**SETTINGS, **settings}, weights)


def both(**settings: Any) -> Described:
    parts = {"forward": gru("ahead", 3, 2), "backward": gru("back", 3, 2, go_backwards=True)}
    initial = (RANDOM.normal(size=2), RANDOM.normal(size=2))
    config = {"merge_mode": "concat", **settings}
    return Described("Bidirectional", "a/b", config, parts=parts, initial=initial)


def head() -> Described:
    return Described(
        "Dense", "head", {"activation": "linear"}, {"kernel": RANDOM.normal(size=(2, 2))}
    )


def test_a_stored_description_computes_the_same() -> None:
    decoder = DescribedDecoder(gru("decoder", 2, 2), head(), np.array([1.0, 0.0]), 3)
    layers = (both(), gru("last", 4, 2, return_sequences=False))
    description = Description(layers, (5, 3), decoder)
    answer, arrays = stored(description)
    again = restored(json.loads(json.dumps(answer)), arrays)
    assert again.input_shape == (5, 3)
    assert again.layers[0].name == "a/b"
    x = RANDOM.normal(size=(2, 5, 3))
    values, _ = build(description, {}).run(x)
    assert values.shape == (2, 3, 2)
    np.testing.assert_array_equal(build(again, {}).run(x)[0], values)


@pytest.mark.parametrize(
    ("layer", "obstacle", "detail"),
    [
        (both(merge_mode=None), Obstacle.HALVES_APART, ""),
        (gru("g", 3, 2, activation="gelu"), Obstacle.NO_ACTIVATION, "gelu"),
        (Described("RNN", "r", SETTINGS, parts={"cell": Described("StackedRNNCells", "c", {})}),
         Obstacle.NO_CELL_EQUATION, "StackedRNNCells"),
        (Described("GRU", "mine", SETTINGS, own=True), Obstacle.NO_EQUATION, "GRU"),
        (Described("ZeroPadding1D", "z", {"padding": [1, 1], "data_format": "channels_first"}),
         Obstacle.SETTING, "data_format='channels_first'"),
    ],
)  # fmt: skip
def test_what_has_no_equation_is_refused(layer: Described, obstacle: Obstacle, detail: str) -> None:
    with pytest.raises(NotExpressible) as refusal:
        build(Description((layer,)), {})
    reason = refusal.value
    assert (reason.obstacle, reason.layer, reason.detail) == (obstacle, layer.name, detail)


def test_every_obstacle_has_words_and_survives_being_stored() -> None:
    for obstacle in Obstacle:
        reason = NotExpressible(obstacle, "the layer", "the detail")
        assert "{" not in words(reason)
        again = NotExpressible.restored(json.loads(json.dumps(reason.stored())))
        assert (again.obstacle, str(again)) == (obstacle, words(reason))
