"""What desktop TFLM would say if the bytes of a state were fed back as they are.

The converter gives both ends of a state scales of their own, and a shipped single step requantises
from one to the other in the model (`tie_states`). Here that operator is taken out again, and the
bytes of the output go to the input whatever their scale: the error that firmware makes which does
not know of the two scales.

Request: `models` (paths). Arrays: `"<number>"` the inputs `[1, Invokes, elements]`. Answer: arrays
`"<number>"`, the dequantised output `[Invokes, ...]`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from tflm_hil.models.tflite.feedback import Feedback, Wiring
from tflm_hil.models.tflite.inspect import inspect
from tflm_hil.models.tflite.states import untie_states
from tflm_hil.models.tflite.tflm_interpreter import TflmInterpreter
from tflm_hil.references.sequences import run_sequences
from tflm_hil.worker import Arrays, serve


class NaiveInterpreter(TflmInterpreter):
    """Desktop TFLM, its states fed back byte for byte."""

    def __init__(self, content: bytes) -> None:
        super().__init__(content)
        wiring = Wiring.of(inspect(content))
        blind = [
            replace(pair, output_quantization=pair.input_quantization) for pair in wiring.states
        ]
        self._feedback = Feedback(self._run, replace(wiring, states=tuple(blind)))


def main(request: dict[str, Any], arrays: Arrays) -> tuple[dict[str, Any], Arrays]:
    """All models of a request."""
    results: Arrays = {}
    for number, path in enumerate(request["models"]):
        interpreter = NaiveInterpreter(untie_states(Path(path).read_bytes()))
        output = run_sequences(interpreter, arrays[str(number)], carry=False)[0]
        results[str(number)] = output.values[0]
    return {}, results


if __name__ == "__main__":
    serve(main)
