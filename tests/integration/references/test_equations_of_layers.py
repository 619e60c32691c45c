"""Keras models of many layers and wirings: computed as Keras does, or refused by name.

Both ways of reading must agree: from the live model, as the rung `cells` does it, and from what a
worker stored of it, as the diagnosis does it in a process without Keras.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tflm_hil.explain.case import forward
from tflm_hil.explain.keras_case import case_of
from tflm_hil.models.layer_kinds import POINTWISE
from tflm_hil.references.equations.build import build
from tflm_hil.references.equations.description import Description, restored
from tflm_hil.references.equations.obstacles import NotExpressible, Obstacle
from tflm_hil.references.equations.plain import PLAIN
from tflm_hil.worker import run_worker

KERAS = 1e-5

EXPRESSIBLE = (
    "nested", "odd_names", "both_concat", "both_sum", "both_mul", "both_ave", "both_reversed",
    "both_last", "both_kinds", "backwards", "halves_begun", "shared_cell", "called_twice",
    "state_unused", "from_constant", "masked", "masked_zero", "masked_zero_last",
    "masked_backwards", "masked_both", "masked_both_last", "masked_cell", "masked_later",
    "masked_convolution", "masked_normalised", "masked_flat", "masked_distributed", "masked_begun",
    "convolution_valid", "convolution_same", "convolution_causal", "normalised", "pooled",
    "shaped", "activations", "embedded", "embedded_masked", "distributed",
    "distributed_convolution", "distributed_recurrence", "decoder", "stateful", "stateful_both",
    "stateful_masked",
)  # fmt: skip

# what stands in the way, and at which layer
REFUSED = {
    "both_apart": (Obstacle.JOINS, "add"),
    "state_used": (Obstacle.STATE_LEAVES, "gives"),
    "from_input": (Obstacle.INPUT_MAKES_STATE, "begun"),
    "masked_mean": (Obstacle.MASKED, "mean"),
    "masked_softmax": (Obstacle.MASKED, "shares"),
    "by_hand": (Obstacle.GIVEN_MASK, "told"),
    "features_first": (Obstacle.SETTING, "first"),
    "gelu": (Obstacle.NO_ACTIVATION, "bell"),
    "distributed_images": (Obstacle.NO_EQUATION, "image"),
    "residual": (Obstacle.JOINS, "sum"),
    "side_by_side": (Obstacle.JOINS, "beside"),
    "two_outputs": (Obstacle.SEVERAL_ENDS, "functional"),
    "arithmetic": (Obstacle.OPERATION, "multiply"),
    "attention": (Obstacle.JOINS, "looks"),
    "images": (Obstacle.NO_EQUATION, "film"),
    "own_layer": (Obstacle.NO_EQUATION, "twice"),
    "decoder_crossed": (Obstacle.CALLED_AGAIN, "decoder"),
    "stateful_twice": (Obstacle.CALLED_AGAIN, "again"),
}

WITHOUT_FEATURES = ("embedded", "embedded_masked")  # a diagnosis takes [steps, features]


@dataclass(frozen=True)
class Answers:
    """What the worker said, by model."""

    stored: dict[str, Any]
    arrays: dict[str, NDArray[Any]]

    def array(self, name: str, what: str) -> NDArray[Any]:
        return self.arrays[f"{name}|{what}"]

    def description(self, name: str) -> Description:
        begin = f"{name}:"
        own = {
            key.removeprefix(begin): item
            for key, item in self.arrays.items()
            if key.startswith(begin)
        }
        # as the cache holds it
        answer = json.loads(json.dumps(self.stored[name]))
        if "not_expressible" in answer:
            raise NotExpressible.restored(answer["not_expressible"])
        return restored(answer["description"], own)


@pytest.fixture(scope="module")
def answers() -> Answers:
    """All models, from one process."""
    names = [*EXPRESSIBLE, *REFUSED]
    return Answers(*run_worker("tests.support.layer_zoo", {"names": names}))


@pytest.mark.parametrize("name", EXPRESSIBLE)
def test_equations_give_what_keras_gives(answers: Answers, name: str) -> None:
    keras, ours = answers.array(name, "keras"), answers.array(name, "rung")
    assert ours.shape == keras.shape
    assert np.ptp(keras) > 0.1, "the model computes nothing"
    assert np.abs(ours - keras).max() <= KERAS


@pytest.mark.parametrize("name", [name for name in EXPRESSIBLE if name not in WITHOUT_FEATURES])
def test_a_diagnosis_starts_from_the_same_values(answers: Answers, name: str) -> None:
    case = case_of(answers.description(name), answers.array(name, "inputs"), {})
    apart = np.abs(forward(case).astype(np.float32) - answers.array(name, "rung"))
    # padding that no recurrent layer looks at is not zeroed: other bits of what nobody sees
    assert apart.max() <= 1e-7


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_equation_is_refused_by_name(answers: Answers, name: str) -> None:
    assert f"{name}|rung" not in answers.arrays
    obstacle, layer = REFUSED[name]
    with pytest.raises(NotExpressible) as refusal:
        build(answers.description(name), {}).run(answers.array(name, "inputs"))
    assert refusal.value.obstacle is obstacle, refusal.value
    assert refusal.value.layer.startswith(layer), refusal.value
    assert refusal.value.layer in str(refusal.value)


def test_an_embedding_has_no_features_to_be_exchanged(answers: Answers) -> None:
    with pytest.raises(NotExpressible) as refusal:
        case_of(answers.description("embedded"), answers.array("embedded", "inputs"), {})
    assert refusal.value.obstacle is Obstacle.INPUT_SHAPE


def test_layers_that_act_on_every_step_by_themselves_have_equations() -> None:
    assert PLAIN.keys() >= POINTWISE
