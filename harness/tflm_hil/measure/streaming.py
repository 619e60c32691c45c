"""Streaming test sequences through the device, with every answer in the journal.

Results that the journal already holds (of a run that was cut off, under the same firmware, model
and input) are taken over; only the rest is sent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflm_hil.link.device import Device
from tflm_hil.link.messages import LoadedModel, SequenceRequest
from tflm_hil.models.tflite.blocks import Blocks, Encoded
from tflm_hil.models.tflite.layout import Layout
from tflm_hil.report.journal import Journal, StoredResult
from tflm_hil.report.render.progress import Progress


@dataclass(frozen=True)
class Streamed:
    """What the device answered, one block of output bytes (all steps) a sequence, in order.

    `cycles` is `[sequences, steps]`; `resumed` of the sequences were not streamed now.
    """

    blocks: Blocks
    cycles: NDArray[np.int64]
    resumed: int


def sequence_bytes(inputs: NDArray[Any], model: LoadedModel) -> Sequence[bytes]:
    """Each sequence as the device reads it: one or more whole input tensors of `model`."""
    return Encoded(inputs, Layout.of(model.inputs))


def context(
    build_id: str, circumstances: str, model: LoadedModel, sequences: Sequence[bytes]
) -> str:
    """Digest of all that the results depend on. `circumstances` say where cycles were counted."""
    facts = f"{build_id} {circumstances} {model.hash} {model.states} {len(sequences)}"
    digest = hashlib.sha256(facts.encode())
    for sequence in sequences:
        digest.update(hashlib.sha256(sequence).digest())
    return digest.hexdigest()[:32]


def stream(
    label: str,
    sequences: Sequence[bytes],
    *,
    device: Device,
    model: LoadedModel,
    digest: str,
    journal: Journal,
    progress: Progress,
    clock: Callable[[], float],
) -> Streamed:
    """Run all `sequences` from a reset state each. Raises LinkError, DeviceError.

    `digest` is their `context`; `clock` is for the progress: seconds in which the line is paced.

    The last sequence is run even if its result is known: what is measured afterwards finds the
    device as it is after any run. If the device does not give that result again, none of the
    earlier ones is taken over.
    """
    earlier = _that_fit(journal.results(digest), sequences, model)
    answers = _Answers(len(sequences))

    def measure(keys: Sequence[int]) -> None:
        before = (device.counters.bytes_sent, device.counters.bytes_received)
        known = len(sequences) - len(keys)
        with progress.streaming(label, len(sequences), known, clock) as shown:
            for result in device.stream(SequenceRequest(key, sequences[key]) for key in keys):
                assert isinstance(result.key, int)
                answers.keep(result.key, result.outputs, result.cycles)
                journal.result(digest, result.key, result.outputs, result.cycles)
                shown.advance(
                    max(
                        device.counters.bytes_sent - before[0],
                        device.counters.bytes_received - before[1],
                    ),
                    device.baud,
                )

    measure([key for key in range(len(sequences)) if key not in earlier])
    last = len(sequences) - 1
    if last in earlier:
        (again,) = device.stream([SequenceRequest(last, sequences[last])])
        if again.outputs != earlier[last].outputs:
            journal.refute(len(earlier))
            earlier = {}
            measure(range(len(sequences)))
    for key, stored in earlier.items():
        answers.keep(key, stored.outputs, stored.cycles)
        journal.take_over(digest, key, stored)
    journal.sync()
    return Streamed(Blocks(answers.outputs), answers.cycles, len(earlier))


def _that_fit(
    results: dict[int, StoredResult], sequences: Sequence[bytes], model: LoadedModel
) -> dict[int, StoredResult]:
    """Results that can be answers to `sequences`, in their order."""

    def fits(key: int, result: StoredResult) -> bool:
        steps = len(sequences[key]) // max(model.input_bytes, 1)
        return len(result.cycles) == steps and len(result.outputs) == steps * model.output_bytes

    return {
        key: results[key]
        for key in range(len(sequences))
        if key in results and fits(key, results[key])
    }


class _Answers:
    """The answers to `count` sequences, in arrays that are made when the first one is known."""

    def __init__(self, count: int) -> None:
        self._count = count
        self.outputs = np.empty((0, 0), np.uint8)
        self.cycles = np.empty((0, 0), np.int64)

    def keep(self, key: int, outputs: bytes, cycles: tuple[int, ...]) -> None:
        if not len(self.outputs):
            self.outputs = np.zeros((self._count, len(outputs)), np.uint8)
            self.cycles = np.zeros((self._count, len(cycles)), np.int64)
        self.outputs[key] = np.frombuffer(outputs, np.uint8)
        self.cycles[key] = cycles
