"""The desktop TFLM rung: the official wheel, the bit oracle of integer models."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from tflm_hil.models.tflite.tflm_interpreter import TflmInterpreter
from tflm_hil.references.sequences import run_sequences
from tflm_hil.references.serving import Result, Work, serve_jobs


def run(work: Work, inputs: NDArray[Any]) -> Result:
    """All sequences through one interpreter."""
    interpreter = TflmInterpreter(work.model.read_bytes(), work.states)
    return run_sequences(interpreter, inputs, carry=work.carry), interpreter.circumstances


if __name__ == "__main__":
    serve_jobs(run)
