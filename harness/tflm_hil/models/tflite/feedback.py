"""A single-step model as one that keeps its state: the states are fed back from Invoke to Invoke.

A model of the single-step export takes its states as inputs, and its caller has to keep them. That
is done here, so that it can be used like every other model: the inputs that are not states, the
outputs, `reset`. Outputs are in the interpreter's order, except that `y` comes first: Keras
computes only that; on the states the other rungs can be compared, too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from tflm_hil.models.tflite.inspect import Inspection
from tflm_hil.models.tflite.layout import free_inputs
from tflm_hil.models.tflite.states import StatePair, state_pairs

RunAll = Callable[[Sequence[NDArray[Any]]], list[NDArray[Any]]]
"""One inference on stored-type inputs in the interpreter's order; copies of all outputs."""


@dataclass(frozen=True)
class Wiring:
    """Which inputs are fed from outside, which output comes first, and the states between."""

    inputs: tuple[int, ...]
    order: tuple[int, ...]
    states: tuple[StatePair, ...]

    @staticmethod
    def of(model: Inspection) -> Wiring:
        """The wiring of a model."""
        states = state_pairs(model)
        fed_back = [pair.output for pair in states]
        outputs = [index for index in range(len(model.outputs)) if index not in fed_back]
        return Wiring(free_inputs(model), (*outputs, *fed_back), states)


class Feedback:
    """Drives an interpreter by its free inputs and keeps the states between calls."""

    def __init__(self, run: RunAll, wiring: Wiring) -> None:
        self._run = run
        self._wiring = wiring
        self._held: dict[int, NDArray[Any]] = {}
        self.reset()

    def reset(self) -> None:
        """All states at zero."""
        self._held = {pair.input: pair.initial() for pair in self._wiring.states}

    def invoke(self, blocks: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        """One step, on the free inputs in their order."""
        fed = {**dict(zip(self._wiring.inputs, blocks, strict=True)), **self._held}
        outputs = self._run([fed[index] for index in range(len(fed))])
        for pair in self._wiring.states:
            self._held[pair.input] = pair.feed_back(outputs[pair.output]).reshape(pair.shape)
        return [outputs[index] for index in self._wiring.order]
