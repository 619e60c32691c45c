"""Small helpers of the hardware suite: test input as bytes, and runs of a few sequences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from tflm_hil.bench.bench import Bench
from tflm_hil.bench.variants import slot_entry, variants
from tflm_hil.link.device import Device
from tflm_hil.link.messages import SequenceRequest, SequenceResult
from tflm_hil.measure.streaming import sequence_bytes
from tflm_hil.models.zoo.manifest import Variant, load_model
from tflm_hil.models.zoo.samples import Samples
from tflm_hil.paths import REPOSITORY
from tflm_hil.run.run import Run

SMALL = "digits_lstm-int8-fused"  # the smallest, and it has state
FEW = 12  # sequences; enough for state to show, short enough to run for every variant


@dataclass
class Answers:
    """What the device has answered to the first sequences of one variant, each asked for once in a
    session: the same bits have to come again, in whatever way they are asked for.
    """

    fresh: list[bytes] = field(default_factory=list)  # from a reset each
    carried: list[bytes] = field(default_factory=list)  # from one reset, request by request
    whole: SequenceResult | None = None  # from one reset, in one request


@dataclass(frozen=True)
class Loaded:
    """A device with a variant loaded and the first test sequences as it reads them."""

    device: Device
    sequences: Sequence[bytes]
    answers: Answers = field(default_factory=Answers)

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

    def fresh(self) -> list[bytes]:
        """Of every sequence the outputs after a reset; streamed at the first call only."""
        if not self.answers.fresh:
            self.answers.fresh += self.outputs(list(range(FEW)))
        return self.answers.fresh

    def carried(self) -> list[bytes]:
        """Of every sequence the outputs after those before it; streamed at the first call only."""
        if not self.answers.carried:
            self.device.reset_state()
            self.answers.carried += self.outputs(list(range(FEW)), reset=False)
        return self.answers.carried

    def whole(self) -> SequenceResult:
        """All sequences as one, in one request; streamed at the first call only."""
        if self.answers.whole is None:
            (self.answers.whole,) = self.device.stream([SequenceRequest("whole", self.sequences)])
        return self.answers.whole


def few(variant: Variant) -> Samples:
    """The first sequences, from the beginning again where there are fewer."""
    inputs = variant.load_samples().inputs
    return Samples(inputs[np.arange(FEW) % len(inputs)])


@pytest.fixture(scope="session")
def answers() -> dict[str, Answers]:
    """By variant."""
    return {}


@pytest.fixture
def load(bench: Bench, answers: dict[str, Answers]) -> Callable[[Variant], Loaded]:
    """Load a variant; gives the device and its first test sequences."""

    def loaded(variant: Variant) -> Loaded:
        device = bench.load(slot_entry(variant))
        assert device.model is not None
        sequences = sequence_bytes(few(variant).inputs, device.model)
        return Loaded(device, list(sequences), answers.setdefault(variant.id, Answers()))

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
    """One small variant, for tests that are not about models: the shipped one if it is there.

    A model of the user's may be large, and ten thousand of its sequences take hours.
    """
    folder = REPOSITORY / "fixtures" / "models" / "digits_lstm"
    shipped = [item for item in load_model(folder).variants if item.id == SMALL]
    return shipped[0] if shipped else zoo[0]
