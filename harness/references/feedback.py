"""A single-step model as one that remembers: its states are fed back from Invoke to Invoke.

A model of the single-step export has several inputs, and its memory is whoever drives it. With
its states carried here, the rest sees what it sees of every other model: one input, the outputs,
`reset`. Outputs are in the interpreter's order, except that `y` comes first: it is what Keras
computes, the states are what the other rungs may be compared on besides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from harness.models.inspect import Inspection
from harness.models.states import StatePair, state_pairs

RunAll = Callable[[Sequence[NDArray[Any]]], list[NDArray[Any]]]
"""One inference on stored-type inputs in the interpreter's order; copies of all outputs."""


@dataclass(frozen=True)
class Wiring:
    """Which input is fed from outside, which output comes first, and the states between."""

    input: int
    order: tuple[int, ...]
    states: tuple[StatePair, ...]

    @staticmethod
    def of(model: Inspection) -> Wiring:
        """The wiring of a model; ValueError if more than one input is left without a state."""
        states = state_pairs(model)
        free = sorted(set(range(len(model.inputs))) - {pair.input for pair in states})
        if len(free) != 1:
            raise ValueError(
                f"the model has {len(model.inputs)} inputs, of which {len(states)} are states fed"
                " from an output; one input besides is supported"
            )
        fed_back = [pair.output for pair in states]
        outputs = [index for index in range(len(model.outputs)) if index not in fed_back]
        return Wiring(free[0], (*outputs, *fed_back), states)


class Feedback:
    """Drives an interpreter by one input and keeps the states between calls."""

    def __init__(self, run: RunAll, wiring: Wiring) -> None:
        self._run = run
        self._wiring = wiring
        self._held: dict[int, NDArray[Any]] = {}
        self.reset()

    def reset(self) -> None:
        """All states at zero."""
        self._held = {pair.input: pair.initial() for pair in self._wiring.states}

    def invoke(self, block: NDArray[Any]) -> list[NDArray[Any]]:
        """One step."""
        fed = {self._wiring.input: block, **self._held}
        outputs = self._run([fed[index] for index in range(len(fed))])
        for pair in self._wiring.states:
            self._held[pair.input] = pair.feed_back(outputs[pair.output]).reshape(pair.shape)
        return [outputs[index] for index in self._wiring.order]
