"""Small helpers of the hardware suite: test input as bytes, and runs of a few sequences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from harness.link.device import Device
from harness.link.messages import SequenceRequest, SequenceResult
from harness.models.manifest import Variant
from harness.run.bench import Bench
from harness.run.run import Run
from harness.run.streaming import sequence_bytes
from harness.run.zoo import slot_entry, variants

SMALL = "digits_lstm-int8-fused"  # the smallest, and it has state
FEW = 12  # sequences; enough for state to show, short enough to run for every variant


@dataclass(frozen=True)
class Loaded:
    """A device with a variant loaded and the first test sequences as it reads them."""

    device: Device
    sequences: list[bytes]

    @property
    def steps(self) -> int:
        """Invokes of one sequence."""
        assert self.device.model is not None
        return len(self.sequences[0]) // self.device.model.input_bytes

    def run(self, order: list[int], *, reset: bool = True) -> dict[int, SequenceResult]:
        """Stream sequences by number, in this order. Results by position in `order`."""
        requests = [
            SequenceRequest(position, self.sequences[number], reset=reset)
            for position, number in enumerate(order)
        ]
        return dict(enumerate(self.device.stream(requests)))

    def outputs(self, order: list[int], *, reset: bool = True) -> list[bytes]:
        """The output bytes of `run`."""
        return [result.outputs for result in self.run(order, reset=reset).values()]


@pytest.fixture
def load(bench: Bench) -> Callable[[Variant], Loaded]:
    """Load a variant; gives the device and its first test sequences."""

    def loaded(variant: Variant) -> Loaded:
        device = bench.load(slot_entry(variant))
        assert device.model is not None
        inputs = variant.load_samples().first(FEW).inputs
        return Loaded(device, sequence_bytes(inputs, device.model))

    return loaded


@pytest.fixture
def loaded(load: Callable[[Variant], Loaded], variant: Variant) -> Loaded:
    """The variant of this test, loaded."""
    return load(variant)


@pytest.fixture
def zoo(hil: Run) -> list[Variant]:
    """All variants."""
    return variants(hil.config)


@pytest.fixture
def any_variant(zoo: list[Variant]) -> Variant:
    """One small variant, for tests that are not about models."""
    return next((variant for variant in zoo if variant.id == SMALL), zoo[0])
