"""The Keras rung: float32, on the whole sequence; and the rung of our own equations before it.

Both load the model: the equations take its weights by name.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflm_hil.comparison.outputs import RungOutputs
from tflm_hil.models.convert.custom_classes import known
from tflm_hil.models.convert.exports.rebuild import stateful
from tflm_hil.models.convert.loading import load
from tflm_hil.references.equations import rung
from tflm_hil.references.keras_states import run_fed, state_ends
from tflm_hil.references.sequences import note_difference
from tflm_hil.references.serving import Result, Work, serve_jobs
from tflm_hil.references.stateful import run_stateful

BATCH = 256  # fixed: the last bits of a matrix product may depend on it


def run(work: Work, inputs: NDArray[Any]) -> Result:
    """All outputs of a `.keras` model."""
    with known(work.custom) as module:
        model = load(work.model)
        inputs = np.asarray(inputs, np.float32)
        keeps_state = stateful(model)
        if work.carry and not keeps_state:
            raise ValueError("this Keras model carries no state from sequence to sequence")
        several = isinstance(model.input_shape, list)
        if several and work.keras_states and work.framework == "keras":
            return run_fed(model, inputs, state_ends(model, work.keras_states))
        if several and work.framework == "keras":
            return run_keras(model, _several(model, inputs))
        shape = (None,) if several else model.input_shape[1:]
        if None not in shape and not keeps_state:
            inputs = inputs.reshape(len(inputs), *shape)
        if work.framework == "cells":
            calls = max(1, inputs.shape[1] // shape[0]) if keeps_state else 1
            return rung.run(model, inputs, module, calls=calls)
        if keeps_state:
            return run_stateful(model, inputs, carry=work.carry)
        return run_keras(model, inputs)


def _several(model: Any, inputs: NDArray[np.float32]) -> list[NDArray[Any]]:
    """`[N, elements]` taken apart into the inputs of a model, each in its own shape and type."""
    parts = []
    start = 0
    for tensor in model.inputs:
        shape = tuple(tensor.shape[1:])
        if None in shape:
            raise ValueError(f"input {tensor.name} has the open shape {shape}: fix its length")
        size = math.prod(shape)
        part = inputs[:, start : start + size].reshape(len(inputs), *shape)
        parts.append(part.astype(tensor.dtype))
        start += size
    if start != inputs.shape[1]:
        raise ValueError(f"{inputs.shape[1]} numbers a sequence for inputs of {start} elements")
    return parts


def run_keras(model: Any, inputs: NDArray[np.float32] | list[NDArray[Any]]) -> Result:
    """All outputs of a loaded model, of one input or a list of several."""
    whole = inputs if isinstance(inputs, list) else [inputs]

    def batch(start: int) -> Any:
        taken = [part[start : start + BATCH] for part in whole]
        return taken if isinstance(inputs, list) else taken[0]

    batches = []
    for start in range(0, len(whole[0]), BATCH):
        outputs = model(batch(start), training=False)
        outputs = outputs if isinstance(outputs, list | tuple) else [outputs]
        batches.append([np.asarray(output, np.float32) for output in outputs])
    circumstances = {"dtype": "float32"}
    again = model(batch(0), training=False)
    again = again if isinstance(again, list | tuple) else [again]
    note_difference(circumstances, batches[0], [np.asarray(item, np.float32) for item in again])
    tensors = []
    for parts in zip(*batches, strict=True):
        array = np.concatenate(parts)
        tensors.append(RungOutputs(array, 0.0, 0, array.ndim > 2))
    return tuple(tensors), circumstances


if __name__ == "__main__":
    serve_jobs(run)
