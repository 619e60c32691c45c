"""Teacher-forced: every step of a single-step model starts from the state of desktop TFLM.

Free-running, an error can hide behind the states it made, or be blamed on them. Here the host
writes the states (LOAD with `raw_states`), so each step is a test in its own right: integers must
be equal, floats within the rounding of one step.
"""

from __future__ import annotations

import numpy as np

from tflm_hil.comparison.metrics import compare
from tflm_hil.comparison.outputs import RungOutputs
from tflm_hil.link.device import Device
from tflm_hil.link.messages import LoadedModel, SequenceRequest
from tflm_hil.measure.device_outputs import device_outputs
from tflm_hil.models.tflite.states import StatePair
from tflm_hil.report.drifting import ForcedRecord

# Steps do not depend on one another, so a large network need not run them all: only what the core
# does in about a third of a second, spread evenly, but at least a hundred.
MOST_CYCLES = 75_000_000
FEWEST_STEPS = 100


def spread(steps: int, cycles: float) -> range:
    """Which of the steps to run, where one takes `cycles`."""
    wanted = max(FEWEST_STEPS, int(MOST_CYCLES / max(cycles, 1.0)))
    return range(0, steps, max(1, -(-steps // wanted)))


def teacher_forced(
    device: Device,
    pairs: tuple[StatePair, ...],
    sequence: bytes,
    wheel: tuple[RungOutputs, ...],
    chosen: range,
) -> ForcedRecord:
    """Run the `chosen` steps of `sequence`; `wheel` are the outputs `[1, steps, ...]` of desktop
    TFLM on all of it, `pairs` the model's states.

    The model must be loaded with `raw_states`. Raises LinkError, DeviceError.
    """
    model = device.model
    assert model is not None
    fed = _fed(sequence, model, pairs, wheel)
    result = next(device.stream([SequenceRequest(None, [fed[step] for step in chosen])]))
    # what is fed back comes last in `wheel`, and anywhere among the outputs of the model
    order = _order(model, pairs)
    some = [
        tensor.holding(tensor.stored[:, chosen.start : chosen.stop : chosen.step])
        for tensor in wheel
    ]
    like = [some[order.index(number)] for number in range(len(order))]
    ours = device_outputs([result.outputs], model, like)
    values = differing = 0
    max_abs = share = 0.0
    for own, expected in zip(ours, like, strict=True):
        rung = compare(own, expected)
        values += rung.values or 0
        if own.integer:
            differing += rung.differing or 0
        else:
            error = np.abs(own.values - expected.values)
            max_abs = max(max_abs, rung.max_abs or 0.0)
            share = max(share, float(np.max(error / np.maximum(np.abs(own.values), 1.0))))
    return ForcedRecord(len(chosen), values, differing, max_abs, share)


def _fed(
    sequence: bytes,
    model: LoadedModel,
    pairs: tuple[StatePair, ...],
    wheel: tuple[RungOutputs, ...],
) -> list[bytes]:
    """All inputs of every step, in the model's order: the free ones as they are, then the wheel's
    states of the step before.
    """
    states = wheel[len(wheel) - len(pairs) :]
    free = [tensor for tensor in model.inputs if tensor.index not in {p.input for p in pairs}]
    size = sum(tensor.bytes for tensor in free)
    held = [pair.initial() for pair in pairs]
    parts = []
    for step, start in enumerate(range(0, len(sequence), size)):
        given = {pair.input: item.tobytes() for pair, item in zip(pairs, held, strict=True)}
        at = start
        for tensor in free:
            given[tensor.index] = sequence[at : at + tensor.bytes]
            at += tensor.bytes
        parts.append(b"".join(given[tensor.index] for tensor in model.inputs))
        held = [
            pair.feed_back(state.stored[0, step]) for pair, state in zip(pairs, states, strict=True)
        ]
    return parts


def _order(model: LoadedModel, pairs: tuple[StatePair, ...]) -> list[int]:
    """Positions of the model's outputs in the order of `wheel`: what is fed back comes last."""
    fed_back = [pair.output for pair in pairs]
    numbers = [tensor.index for tensor in model.outputs]
    order = [number for number in numbers if number not in fed_back] + fed_back
    return [numbers.index(number) for number in order]
