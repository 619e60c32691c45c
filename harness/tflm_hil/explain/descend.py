"""When the device fails: which operator makes the error, at which step.

A sequence is run again, alone and step by step, with every tensor kept; what the device holds is
compared with desktop TFLM, operator by operator (`tflm_hil.comparison.descent`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflm_hil import scratch
from tflm_hil.comparison.descent import FLOAT_BOUND, first_difference
from tflm_hil.link.device import Device
from tflm_hil.models.tflite.inspect import StateNumbers, inspect
from tflm_hil.models.tflite.trip_count import trip_count, with_trip_count
from tflm_hil.references.tensors import step_tensors
from tflm_hil.report.causes import Culprit, Descent, Manner, Origin

STEPS = 200  # Invokes looked at: on a real line every tensor of each takes milliseconds

ROUNDING_LSB = 2.0


def descend(  # noqa: PLR0913 - what is run, where, and how far; most have a default
    device: Device,
    model: Path,
    inputs: NDArray[np.float32],
    *,
    sequence: int | None = 0,
    start: int = 0,
    steps: int = STEPS,
    bound: float = FLOAT_BOUND,
    until: float = float("inf"),
    states: StateNumbers | None = None,
) -> Descent:
    """Find the operator. `device` has the model loaded with `preserve_all` and `raw_states`.

    `model` is the file under test, `inputs` the sequence, `sequence` its number. Looks at the
    first `steps` Invokes, from `start` on (with the states written, none needs those before), no
    longer than `until` (of `time.monotonic`); `bound` as in `first_difference`;
    `states` are those that were declared.
    Raises LinkError, DeviceError, ReferenceFailed.
    """
    graphs = inspect(model.read_bytes()).subgraphs
    expected = step_tensors(model, inputs, steps=steps, states=states)
    device.reset_state()
    for step in range(start, len(expected.blocks)):
        if time.monotonic() > until:
            return Descent(sequence, step, None, in_time=False, start=start)
        device.step(expected.blocks[step])

        def reference(subgraph: int, index: int, step: int = step) -> NDArray[Any] | None:
            return expected.read(step, subgraph, index)

        def observed(subgraph: int, index: int) -> NDArray[Any]:
            info, content = device.read_tensor(subgraph, index)
            return np.frombuffer(content, np.dtype(info.type).newbyteorder("<"))

        culprit = first_difference(graphs, reference, observed, step=step, bound=bound)
        if culprit is not None:
            return Descent(sequence, step + 1, culprit, origin=_origin(culprit), start=start)
    return Descent(sequence, len(expected.blocks), None, start=start)


def _origin(culprit: Culprit) -> Origin:
    if culprit.manner is Manner.INPUT_CHANGED:
        return Origin.INPUT
    rounds = culprit.tensor.integer and culprit.tensor.max_abs <= ROUNDING_LSB
    if culprit.manner is Manner.COMPUTES_DIFFERENTLY and rounds:
        return Origin.ROUNDING
    return Origin.OPERATOR


def descend_into_loop(
    load: Callable[[bytes], Device],
    model: Path,
    inputs: NDArray[np.float32],
    *,
    loop: int | None = None,
    sequence: int = 0,
    bound: float = FLOAT_BOUND,
    until: float = float("inf"),
    states: StateNumbers | None = None,
) -> Descent | None:
    """The operator in the first iteration that differs, found with ever shorter loops.

    `load` brings a model to the device, with `preserve_all`; `loop` is the operator that runs the
    loop. None if the loop has no constant count, if no iteration differs, or time is up.
    """
    content = model.read_bytes()
    count = trip_count(content, loop)
    if count is None:
        return None
    earliest: Descent | None = None
    first, last = 1, count
    with scratch.folder("loop") as folder:
        shorter = folder / model.name
        while first <= last:
            middle = (first + last) // 2
            shorter.write_bytes(with_trip_count(content, middle, loop))
            device = load(shorter.read_bytes())
            descent = descend(
                device, shorter, inputs,
                sequence=sequence, steps=1, bound=bound, until=until, states=states,
            )  # fmt: skip
            if not descent.in_time:
                return earliest
            if descent.culprit is None:
                first = middle + 1
            else:
                culprit = replace(descent.culprit, time_step=middle - 1)
                earliest = replace(descent, culprit=culprit)
                last = middle - 1
    return earliest
