"""When the device fails: which operator makes the error, at which step.

The sequence that differs most is run again, alone and step by step, with every tensor kept; what
the device holds is compared with desktop TFLM, operator by operator
(`tflm_hil.comparison.descent`). If every operator is right then, the sequence is run once more as
it was in the run, but alone: what it does then tells memory that overlaps from states that are lost
or left behind.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tflm_hil.bench.bench import Bench
from tflm_hil.bench.variants import slot_entry
from tflm_hil.comparison.descent import FLOAT_BOUND, Culprit, first_difference
from tflm_hil.errors import ModelRejected, ReferenceFailed
from tflm_hil.link.device import Device
from tflm_hil.link.messages import SequenceRequest
from tflm_hil.measure.measure import Measured
from tflm_hil.measure.step_by_step import worst_sequence
from tflm_hil.measure.streaming import sequence_bytes
from tflm_hil.models.slot.slot import SlotEntry
from tflm_hil.models.tflite.inspect import inspect
from tflm_hil.models.tflite.trip_count import trip_count, with_trip_count
from tflm_hil.models.zoo.manifest import Variant
from tflm_hil.references.records import References
from tflm_hil.references.tensors import step_tensors

STEPS = 200  # Invokes looked at: on a real line every tensor of each takes milliseconds
BUDGET_S = 60.0  # then a descent stops where it is: a report that comes late is read by nobody

Origin = Literal["operator", "rounding", "input", "overlap", "feedback", "leak", "unknown"]
"""Where a device's error comes from: an operator, one that rounds differently, the input on its
way, tensors that overlap, states handed from step to step, or what other sequences left behind."""

ROUNDING_LSB = 2.0


@dataclass(frozen=True)
class Descent:
    """What was found: the culprit, or None after `steps` equal ones (`in_time`: all that there
    were, or as many as are looked at)."""

    sequence: int
    steps: int
    culprit: Culprit | None
    in_time: bool = True
    origin: Origin = "unknown"

    @property
    def sentence(self) -> str:
        """For the report."""
        if self.culprit is not None:
            return f"Sequence {self.sequence}: {self.culprit.sentence}"
        equal = f"Sequence {self.sequence}, run again alone, is right in every operator of"
        equal += f" {self.steps} step{'s' * (self.steps != 1)}"
        if not self.in_time:
            return f"{equal}; there was no time for more of them ({BUDGET_S:g} s)."
        return f"{equal}{ORIGINS[self.origin]}."


ORIGINS: dict[Origin, str] = {
    "overlap": " if each tensor has memory of its own, and wrong without: tensors overlap in the"
    " arena",
    "feedback": " that starts from the states of desktop TFLM: the error is in how the device"
    " feeds its states back",
    "leak": ": the error comes from what the sequences before it left behind",
    "unknown": "",
}


def descend(
    device: Device,
    model: Path,
    inputs: NDArray[np.float32],
    *,
    sequence: int = 0,
    start: int = 0,
    steps: int = STEPS,
    bound: float = FLOAT_BOUND,
    until: float = float("inf"),
) -> Descent:
    """Find the operator. `device` has the model loaded with `preserve_all` and `raw_states`.

    `model` is the file under test, `inputs` the sequence, `sequence` its number. Looks at the
    first `steps` Invokes, from `start` on (with the states written, none needs those before), no
    longer than `until` (of `time.monotonic`); `bound` as in `first_difference`.
    Raises LinkError, DeviceError, ReferenceFailed.
    """
    graphs = inspect(model.read_bytes()).subgraphs
    expected = step_tensors(model, inputs, steps=steps)
    device.reset_state()
    for step in range(start, len(expected.blocks)):
        if time.monotonic() > until:
            return Descent(sequence, step, None, in_time=False)
        device.step(expected.blocks[step])

        def reference(subgraph: int, index: int, step: int = step) -> NDArray[Any] | None:
            return expected.read(step, subgraph, index)

        def observed(subgraph: int, index: int) -> NDArray[Any]:
            info, content = device.read_tensor(subgraph, index)
            return np.frombuffer(content, np.dtype(info.type).newbyteorder("<"))

        culprit = first_difference(graphs, reference, observed, step=step, bound=bound)
        if culprit is not None:
            return Descent(sequence, step + 1, culprit, origin=_origin(culprit))
    return Descent(sequence, len(expected.blocks), None)


def _origin(culprit: Culprit) -> Origin:
    if culprit.manner == "arrives changed":
        return "input"
    integers = not culprit.tensor.type.startswith("float")
    if integers and culprit.manner == "computes differently":
        return "rounding" if culprit.tensor.max_abs <= ROUNDING_LSB else "operator"
    return "operator"


def descend_into_loop(
    load: Callable[[bytes], Device],
    model: Path,
    inputs: NDArray[np.float32],
    *,
    loop: int | None = None,
    sequence: int = 0,
    bound: float = FLOAT_BOUND,
    until: float = float("inf"),
) -> Descent | None:
    """The operator in the first iteration that differs, found with ever shorter loops.

    `load` brings a model to the device, with `preserve_all`; `loop` is the operator that runs the
    loop. None if the loop has no constant count, if no iteration differs, or time is up.
    """
    content = model.read_bytes()
    count = trip_count(content, loop)
    if count is None:
        return None
    found: Descent | None = None
    first, last = 1, count
    with tempfile.TemporaryDirectory(prefix="tflm-hil-loop-") as name:
        shorter = Path(name) / model.name
        while first <= last:
            middle = (first + last) // 2
            shorter.write_bytes(with_trip_count(content, middle, loop))
            device = load(shorter.read_bytes())
            descent = descend(
                device, shorter, inputs, sequence=sequence, steps=1, bound=bound, until=until
            )
            if not descent.in_time:
                return found
            if descent.culprit is None:
                first = middle + 1
            else:
                found = replace(descent, culprit=replace(descent.culprit, time_step=middle - 1))
                last = middle - 1
    return found


def name_operator(
    measured: Measured, bench: Bench, references: References
) -> tuple[str, Descent | None]:
    """The operator if the error enters at the device, and what was found.

    Raises LinkError, DeviceError, BoardError; the verdict is not touched by them.
    """
    variant = measured.variant
    number = worst_sequence(measured.tensors, references.references["tflm"].tensors)
    bound = float_bound(variant, bench.hello.engine)
    until = time.monotonic() + BUDGET_S

    def load(content: bytes) -> Device:
        same = content == variant.content()
        entry = slot_entry(variant) if same else SlotEntry(variant.id, content)
        device = bench.load(entry, preserve_all=True)
        # states come from the reference: so a step is wrong by itself, not by the one before
        device.load(entry.hash, preserve_all=True, raw_states=True)
        return device

    found: Descent | None = None
    try:
        inputs = variant.load_samples().inputs[number]
        found = descend(
            load(variant.content()), variant.path, inputs, sequence=number, bound=bound, until=until
        )
        if found.culprit is None and found.in_time:
            found = replace(found, origin=_alone(measured, bench, number))
        elif found.culprit is not None and found.culprit.loop is not None:
            with suppress(ModelRejected):  # flashing may be forbidden
                inner = descend_into_loop(
                    load, variant.path, inputs,
                    loop=found.culprit.loop, sequence=number, bound=bound, until=until,
                )  # fmt: skip
                found = inner or found
        text = found.sentence
    except (ModelRejected, ReferenceFailed) as error:
        text = f"The operator was not looked for: {error.what}."
    return text, found


def float_bound(variant: Variant, engine: str) -> float:
    """What the device may differ by from desktop TFLM: the variant's own limit, if it has one."""
    limits = [
        limit.maximum
        for limit in variant.limits
        if limit.rung == "device" and limit.measure == "max_abs" and limit.holds_for(engine)
    ]
    return min((bound for bound in limits if bound is not None), default=FLOAT_BOUND)


def _alone(measured: Measured, bench: Bench, number: int) -> Origin:
    """What a sequence whose every operator is right does when it is run alone as in the run."""
    device = bench.load(slot_entry(measured.variant))
    assert device.model is not None
    (data,) = sequence_bytes(
        measured.variant.load_samples().inputs[number : number + 1], device.model
    )
    result = next(device.stream([SequenceRequest(0, data)]))
    if result.outputs != measured.streamed.blocks[number]:
        return "leak"
    return "feedback" if device.model.states else "overlap"
