"""A stateful Keras model, fed as the device is: a sequence in chunks, its memory kept between them.

A sequence `[L, F]` is L/T calls of a model that takes T steps. Before a sequence all states are
zero (`reset_each`), or only before the first (`carry`). As from an interpreter, outputs are
`[N, calls, T, U]`, or `[N, calls, U]` of a model that gives the last of its steps.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflm_hil.comparison.outputs import RungOutputs
from tflm_hil.models.convert.exports import outputs_of
from tflm_hil.models.convert.exports.rebuild import forget, rebuild
from tflm_hil.references.serving import Result


def run_stateful(model: Any, inputs: NDArray[np.float32], *, carry: bool) -> Result:
    """All outputs of all sequences `[N, L, ...]`; raises ValueError if L is no multiple of T."""
    steps = model.input_shape[1]
    if inputs.shape[1] % steps:
        raise ValueError(
            f"sequences of {inputs.shape[1]} steps are no multiple of the {steps} that the stateful"
            " model takes at a time"
        )
    count, chunks = len(inputs), inputs.shape[1] // steps
    windows = inputs.reshape(count, chunks, steps, *inputs.shape[2:])
    # sequences that start from zero run side by side, as a batch of their number
    batches = windows.reshape(1, count * chunks, *windows.shape[2:]) if carry else windows
    rebuilt = rebuild(model, unroll=False, batch=len(batches))
    forget(rebuilt)
    calls = [
        outputs_of(rebuilt(batches[:, number], training=False))
        for number in range(batches.shape[1])
    ]
    tensors = []
    for parts in zip(*calls, strict=True):
        outputs = np.stack(parts, axis=1).reshape(count, chunks, *parts[0].shape[1:])
        outputs = outputs[:, 0] if chunks == 1 else outputs
        tensors.append(RungOutputs(outputs, 0.0, 0, outputs.ndim > 2))
    kept = "sequence to sequence" if carry else "chunk to chunk"
    return tuple(tensors), {"dtype": "float32", "state": f"kept from {kept}"}
