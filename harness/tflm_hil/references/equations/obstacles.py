"""Why a model, or a layer of it, cannot be computed by our equations: a typed reason.

    NotExpressible(Obstacle.NO_EQUATION, "attention", "Attention")

names what stands in the way and the layer; `words` makes the clause that a person reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum


class Obstacle(Enum):
    """What stands in the way. The value is the name under which it is stored."""

    SEVERAL_ENDS = "several inputs or outputs"
    OWN_CALL = "called by code of its own"
    OPERATION = "operation between layers"
    JOINS = "joins several tensors"
    CALLED_AGAIN = "called several times"
    GIVEN_MASK = "given a mask"
    INPUT_MAKES_STATE = "initial state depends on the input"
    INPUT_MAKES_SEED = "first input of a decoder depends on the input"
    STATE_LEAVES = "state is an output"
    SAME_WEIGHT_NAME = "two weights of one name"
    STATE_SHAPE = "state is not a vector"
    NO_EQUATION = "no equation of a layer"
    NO_CELL_EQUATION = "no equation of a cell"
    NO_ACTIVATION = "no equation of an activation"
    SETTING = "setting"
    HALVES_APART = "two directions kept apart"
    HALVES_DIFFER = "two directions set differently"
    MASKED = "masked sequence"
    STEP_AXES = "axes of a step"
    INPUT_SHAPE = "shape of the inputs"
    NOT_RECURRENT = "no recurrent layer"


# By obstacle, what is said of {layer} with {detail}.
WORDS: Mapping[Obstacle, str] = {
    Obstacle.SEVERAL_ENDS: "{layer} has several inputs or outputs",
    Obstacle.OWN_CALL: "{layer} calls its layers by code of its own",
    Obstacle.OPERATION: "the operation {layer} ({detail}) stands between its layers",
    Obstacle.JOINS: "layer {layer} takes more than the output of one layer",
    Obstacle.CALLED_AGAIN: "layer {layer} is called {detail} times",
    Obstacle.GIVEN_MASK: "layer {layer} is given a mask by hand",
    Obstacle.INPUT_MAKES_STATE: "layer {layer} starts with a state that depends on the input",
    Obstacle.INPUT_MAKES_SEED: "the first input of {layer} depends on the input of the model",
    Obstacle.STATE_LEAVES: "what follows layer {layer} takes its state",
    Obstacle.SAME_WEIGHT_NAME: "layer {layer} has two weights of the name {detail}",
    Obstacle.STATE_SHAPE: "layer {layer} has states of the sizes {detail}",
    Obstacle.NO_EQUATION: "layer {layer} is a {detail}, of which there is no equation",
    Obstacle.NO_CELL_EQUATION: "layer {layer} has a {detail}, of which there is no equation",
    Obstacle.NO_ACTIVATION: "layer {layer} has the activation {detail}, of which there is no"
    " equation",
    Obstacle.SETTING: "layer {layer} has {detail}, of which there is no equation",
    Obstacle.HALVES_APART: "layer {layer} keeps its two directions apart",
    Obstacle.HALVES_DIFFER: "the two directions of layer {layer} differ in {detail}",
    Obstacle.MASKED: "layer {layer} takes a masked sequence",
    Obstacle.STEP_AXES: "layer {layer} takes steps of {detail} axes",
    Obstacle.INPUT_SHAPE: "its sequences have shape {detail}, not [steps, features]",
    Obstacle.NOT_RECURRENT: "it has no recurrent layer",
}


class NotExpressible(ValueError):
    """A model has something that no equation here covers.

    `obstacle` says what, `layer` names the layer ("" where it is the whole model), `detail` adds
    what the obstacle needs: a class, an activation, a setting, a shape.
    """

    def __init__(self, obstacle: Obstacle, layer: str = "", detail: str = "") -> None:
        self.obstacle = obstacle
        self.layer = layer
        self.detail = detail
        super().__init__(words(self))

    def stored(self) -> dict[str, str]:
        """As JSON holds it; `restored` is the way back."""
        return {"obstacle": self.obstacle.value, "layer": self.layer, "detail": self.detail}

    @classmethod
    def restored(cls, stored: Mapping[str, str]) -> NotExpressible:
        """From what `stored` gave."""
        return cls(Obstacle(stored["obstacle"]), stored["layer"], stored["detail"])


def words(reason: NotExpressible) -> str:
    """A clause for a person: "layer query is a Attention, of which there is no equation"."""
    return WORDS[reason.obstacle].format(layer=reason.layer, detail=reason.detail)
