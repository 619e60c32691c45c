"""When the device fails: which operator makes the error, at which step.

The sequence that differs most is run again, alone and step by step, with every tensor kept; what
the device holds is compared with desktop TFLM, operator by operator (`harness.comparison.descent`).
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.comparison.descent import Culprit, first_difference
from harness.errors import ModelRejected, ReferenceFailed
from harness.link.device import Device
from harness.models.inspect import inspect
from harness.models.slot import SlotEntry
from harness.models.trip_count import trip_count, with_trip_count
from harness.references.tensors import step_tensors
from harness.run.bench import Bench
from harness.run.measure import Measured
from harness.run.zoo import slot_entry

STEPS = 200  # Invokes looked at: on a real line every tensor of each takes milliseconds


@dataclass(frozen=True)
class Descent:
    """What was found: the culprit, or None after `steps` equal ones."""

    sequence: int
    steps: int
    culprit: Culprit | None

    @property
    def sentence(self) -> str:
        """For the report."""
        if self.culprit is not None:
            return f"Sequence {self.sequence}: {self.culprit.sentence}"
        return (
            f"Sequence {self.sequence}, run again alone after a reset, is equal in every operator"
            f" of {self.steps} steps: the error comes from what the sequences before it left"
            " behind (state or memory)."
        )


def descend(
    device: Device,
    model: Path,
    inputs: NDArray[np.float32],
    *,
    sequence: int = 0,
    start: int = 0,
    steps: int = STEPS,
) -> Descent:
    """Find the operator. `device` has the model loaded with `preserve_all` and `raw_states`.

    `model` is the file under test, `inputs` the sequence, `sequence` its number. Looks at the
    first `steps` Invokes, from `start` on: with the states written, none needs those before.
    Raises LinkError, DeviceError, ReferenceFailed.
    """
    graphs = inspect(model.read_bytes()).subgraphs
    expected = step_tensors(model, inputs, steps=steps)
    device.reset_state()
    for step in range(start, len(expected.blocks)):
        device.step(expected.blocks[step])

        def reference(subgraph: int, index: int, step: int = step) -> NDArray[Any] | None:
            return expected.read(step, subgraph, index)

        def observed(subgraph: int, index: int) -> NDArray[Any]:
            info, content = device.read_tensor(subgraph, index)
            return np.frombuffer(content, np.dtype(info.type).newbyteorder("<"))

        culprit = first_difference(graphs, reference, observed, step=step)
        if culprit is not None:
            return Descent(sequence, step + 1, culprit)
    return Descent(sequence, len(expected.blocks), None)


def descend_into_loop(
    load: Callable[[bytes], Device],
    model: Path,
    inputs: NDArray[np.float32],
    *,
    sequence: int = 0,
) -> Descent | None:
    """The operator in the first iteration that differs, found with ever shorter loops.

    `load` brings a model to the device, with `preserve_all`. None if the model's loop has no
    constant count, or if no iteration differs.
    """
    content = model.read_bytes()
    count = trip_count(content)
    if count is None:
        return None
    found: Descent | None = None
    first, last = 1, count
    with tempfile.TemporaryDirectory(prefix="tflm-hil-loop-") as name:
        shorter = Path(name) / model.name
        while first <= last:
            middle = (first + last) // 2
            shorter.write_bytes(with_trip_count(content, middle))
            device = load(shorter.read_bytes())
            descent = descend(device, shorter, inputs, sequence=sequence, steps=1)
            if descent.culprit is None:
                first = middle + 1
            else:
                found = replace(descent, culprit=replace(descent.culprit, time_step=middle - 1))
                last = middle - 1
    return found


def name_operator(measured: Measured, bench: Bench) -> Measured:
    """`measured`, its sentence naming the operator if the error enters at the device.

    Raises LinkError, DeviceError, BoardError; the verdict is not touched by them.
    """
    metrics = measured.device_rung.metrics
    if measured.ladder.verdict_rung != "device" or metrics is None or metrics.worst is None:
        return measured
    variant, number = measured.variant, metrics.worst[0]

    def load(content: bytes) -> Device:
        same = content == variant.content()
        entry = slot_entry(variant) if same else SlotEntry(variant.id, content)
        device = bench.load(entry, preserve_all=True)
        # states come from the reference: so a step is wrong by itself, not by the one before
        device.load(entry.hash, preserve_all=True, raw_states=True)
        return device

    try:
        inputs = variant.load_samples().inputs[number]
        found = descend(load(variant.content()), variant.path, inputs, sequence=number)
        if found.culprit is not None and found.culprit.loop is not None:
            with suppress(ModelRejected):  # flashing may be forbidden
                found = descend_into_loop(load, variant.path, inputs, sequence=number) or found
        text = found.sentence
    except (ModelRejected, ReferenceFailed) as error:
        text = f"The operator was not looked for: {error.what}"
    record = replace(measured.record, sentence=f"{measured.record.sentence} {text}")
    return replace(measured, record=record)
