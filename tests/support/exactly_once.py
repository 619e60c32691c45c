"""The proof that the link delivers every result exactly once: the same on any board.

One-step messages and whole sequences go through a model whose state is never reset, so one step
too many, too few or out of order would change every later output.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from tflm_hil.link.device import Device
from tflm_hil.link.messages import SequenceRequest, SequenceResult

from tests.support.step_model import INPUTS

RESULTS = 10_000
NOISE_RATE = 1e-4  # of all bytes, in both directions
_LONGEST = 12  # steps


def requests(count: int = RESULTS, seed: int = 3) -> Iterator[SequenceRequest]:
    """Two thirds one-step messages, one third sequences, all carrying the state on."""
    random = np.random.default_rng(seed)
    for key in range(count):
        steps = 1 if key % 3 else int(random.integers(2, _LONGEST))
        inputs = random.normal(size=(steps, INPUTS)).astype("<f4").tobytes()
        yield SequenceRequest(key, inputs, reset=key == 0)


def run(device: Device, count: int = RESULTS) -> list[SequenceResult]:
    """All results, in the order in which they came."""
    return list(device.stream(requests(count)))


def check(clean: Device, noisy: Device, set_noise: Callable[[], None]) -> None:
    """Runs on `clean`, makes noise, runs on `noisy` (which may be the same): equal results."""
    expected = run(clean)
    set_noise()
    results = run(noisy)
    assert [result.key for result in results] == list(range(RESULTS))
    assert [result.outputs for result in results] == [result.outputs for result in expected]
    assert noisy.counters.retransmissions > 0
    assert noisy.counters.crc_errors > 0
    assert noisy.counters.naks > 0
