"""A Keras model whose states are inputs and outputs, fed as the device is: step by step.

    ends = state_ends(model, states)
    run_fed(model, inputs, ends)         # outputs [N, steps, ...], the states' last

All sequences run side by side, as a batch of their number, from states of zero; where the model was
built for one sequence at a time, one after the other.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflm_hil.comparison.outputs import RungOutputs
from tflm_hil.errors import ReferenceFailed
from tflm_hil.references.serving import EndNames, Result

_NUMBERED = re.compile(r"(?:output_)?(\d+)")


def state_ends(model: Any, states: Sequence[EndNames]) -> list[tuple[int, int]]:
    """Which input each state is, and which output it is next, by position.

    Raises ReferenceFailed if the model has no such input or output.
    """
    inputs = [tensor.name for tensor in model.inputs]
    outputs = list(getattr(model, "output_names", []))
    pairs = []
    for taken, given in states:
        first = _place(taken, inputs, len(inputs))
        second = _place(given, outputs, len(model.outputs))
        if first is not None and second is None:
            second = _only_fit(model, first)
        if first is None or second is None:
            raise ReferenceFailed(
                f"the Keras model has inputs {', '.join(inputs)} and outputs {', '.join(outputs)},"
                f" and none is known to be the state {taken[0]} with its next value {given[0]}",
                remedy="name its states in the manifest: [keras] states = [{ input = …, output ="
                " … }]",
            )
        pairs.append((first, second))
    return pairs


def _place(names: Sequence[str], known: Sequence[str], count: int) -> int | None:
    for name in names:
        if name in known:
            return list(known).index(name)
    for name in names:
        number = _NUMBERED.fullmatch(name)
        if number is not None and int(number[1]) < count:
            return int(number[1])
    return None


def _only_fit(model: Any, taken: int) -> int | None:
    wanted = _core(model.inputs[taken].shape[1:])
    fitting = [
        number for number, item in enumerate(model.outputs) if _core(item.shape[1:]) == wanted
    ]
    return fitting[0] if len(fitting) == 1 else None


def _core(shape: Sequence[int | None]) -> tuple[int | None, ...]:
    return tuple(size for size in shape if size != 1)


def run_fed(model: Any, inputs: NDArray[np.float32], ends: Sequence[tuple[int, int]]) -> Result:
    """All outputs on `inputs` `[N, …]`: of one free input as it is, of several one behind the
    other, each with all its steps. Raises ValueError if that is no whole number of steps.
    """
    states = dict(ends)
    free = [number for number in range(len(model.inputs)) if number not in states]
    sizes = [math.prod(_fixed(model.inputs[number].shape[1:])) for number in free]
    count = len(inputs)
    flat = inputs.reshape(count, -1)
    if flat.shape[1] % sum(sizes):
        raise ValueError(f"{flat.shape[1]} numbers a sequence for steps of {sum(sizes)}")
    steps = flat.shape[1] // sum(sizes)
    fed: dict[int, NDArray[np.float32]] = {}
    start = 0
    for number, size in zip(free, sizes, strict=True):
        shape = _fixed(model.inputs[number].shape[1:])
        fed[number] = flat[:, start : start + steps * size].reshape(count, steps, *shape)
        start += steps * size
    alone = model.inputs[0].shape[0] == 1
    batches = [slice(row, row + 1) for row in range(count)] if alone else [slice(0, count)]
    parts = [_one_batch(model, fed, states, rows, steps) for rows in batches]
    order = [n for n in range(len(model.outputs)) if n not in states.values()]
    order += [states[taken] for taken in sorted(states)]
    tensors = []
    for number in order:
        array = np.concatenate([part[number] for part in parts])
        array = array[:, 0] if steps == 1 else array
        array = array.reshape(*array.shape, 1) if array.ndim < 2 else array
        tensors.append(RungOutputs(array, 0.0, 0, array.ndim > 2))
    return tuple(tensors), {"dtype": "float32", "state": "fed back from step to step"}


def _one_batch(
    model: Any,
    fed: dict[int, NDArray[np.float32]],
    states: dict[int, int],
    rows: slice,
    steps: int,
) -> list[NDArray[np.float32]]:
    """Per output `[rows, steps, ...]`."""
    number_of_rows = len(next(iter(fed.values()))[rows])
    shapes = {taken: _fixed(model.inputs[taken].shape[1:]) for taken in states}
    held = {
        taken: np.zeros((number_of_rows, *shape), np.float32) for taken, shape in shapes.items()
    }
    taken_steps: list[list[NDArray[np.float32]]] = []
    for step in range(steps):
        now = {**{number: array[rows, step] for number, array in fed.items()}, **held}
        given = model(
            [now[number].astype(model.inputs[number].dtype) for number in range(len(now))],
            training=False,
        )
        given = given if isinstance(given, list | tuple) else [given]
        outputs = [np.asarray(item, np.float32) for item in given]
        held = {
            taken: outputs[output].reshape(number_of_rows, *shapes[taken])
            for taken, output in states.items()
        }
        taken_steps.append(outputs)
    return [np.stack(parts, axis=1) for parts in zip(*taken_steps, strict=True)]


def _fixed(shape: Sequence[int | None]) -> tuple[int, ...]:
    """A shape with its open axes at one: a step."""
    return tuple(1 if size is None else int(size) for size in shape)
