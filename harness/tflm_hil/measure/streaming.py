"""Streaming test sequences through the device, with every answer in the journal.

Results that the journal already holds (of a run that was cut off, under the same firmware, model
and input) are taken over; only the rest is sent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflm_hil.link.device import Device
from tflm_hil.link.messages import LoadedModel, SequenceRequest
from tflm_hil.models.tflite.blocks import Blocks, Encoded
from tflm_hil.models.tflite.layout import Layout
from tflm_hil.report.journal import Journal
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


def context(build_id: str, model: LoadedModel, sequences: Sequence[bytes]) -> str:
    """Digest of all that the results depend on."""
    digest = hashlib.sha256(f"{build_id} {model.hash} {len(sequences)}".encode())
    for sequence in sequences:
        digest.update(hashlib.sha256(sequence).digest())
    return digest.hexdigest()[:32]


def stream(
    label: str,
    sequences: Sequence[bytes],
    *,
    device: Device,
    model: LoadedModel,
    build_id: str,
    journal: Journal,
    progress: Progress,
    clock: Callable[[], float],
) -> Streamed:
    """Run all `sequences` from a reset state each. Raises LinkError, DeviceError.

    `clock` is for the progress: seconds in which the line is paced.
    """
    digest = context(build_id, model, sequences)
    earlier = journal.results(digest)
    answers = _Answers(len(sequences))
    for key, stored in earlier.items():
        answers.keep(key, stored.outputs, stored.cycles)
    before = (device.counters.bytes_sent, device.counters.bytes_received)

    def missing() -> Iterator[SequenceRequest]:
        for key, data in enumerate(sequences):
            if key not in earlier:
                yield SequenceRequest(key, data)

    with progress.streaming(label, len(sequences), len(earlier), clock) as shown:
        for result in device.stream(missing()):
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
    return Streamed(Blocks(answers.outputs), answers.cycles, len(earlier))


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
