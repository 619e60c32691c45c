"""States between the steps of a reference: requantised where the scales differ, zero at first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tflm_hil.models.tflite.feedback import Feedback, Wiring
from tflm_hil.models.tflite.quantize import Quantization
from tflm_hil.models.tflite.states import StatePair

INPUT, OUTPUT = Quantization("int8", 0.25, -4), Quantization("int8", 0.5, 3)
# The interpreter's order: the state before the free input, the new state before the output.
STATE = StatePair("h", 0, 0, (1, 2), INPUT, OUTPUT)
WIRING = Wiring(inputs=(1,), order=(1, 0), states=(STATE,))


class Network:
    """Puts out its input and always the same new state; notes the states that it is fed."""

    def __init__(self) -> None:
        self.states: list[list[int]] = []

    def run(self, inputs: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        state, x = inputs
        assert state.shape == STATE.shape
        self.states.append(state.reshape(-1).tolist())
        return [np.array([[3, 7]], np.int8), x]


def test_a_state_is_fed_back_on_the_scale_of_the_input() -> None:
    network = Network()
    feedback = Feedback(network.run, WIRING)
    x = np.array([[9]], np.int8)
    for _ in range(2):
        output, state = feedback.invoke([x])
        assert output is x
        assert state.tolist() == [[3, 7]], "as the model puts it out"
    feedback.reset()
    feedback.invoke([x])
    # 3 and 7 are 0 and 2.0 on the output's scale: -4 and 4 on that of the input.
    assert network.states == [[-4, -4], [-4, 4], [-4, -4]]
