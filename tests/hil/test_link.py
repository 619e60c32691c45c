"""The line may be bad: every result arrives exactly once, and is right."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pytest
from tflm_hil.bench.bench import Bench
from tflm_hil.emulator.outside.line_noise import KINDS
from tflm_hil.link.device import Device
from tflm_hil.link.messages import SequenceRequest
from tflm_hil.measure.measure import Measured
from tflm_hil.measure.meter import Reading, link_record
from tflm_hil.models.slot.slot import SlotEntry
from tflm_hil.models.zoo.manifest import Variant

from tests.hil.conftest import Loaded
from tests.support import tiny_models

NOISY_RESULTS = 10_000
DIFFERENT = 500  # inputs among them, each asked for once over a clean line
SLOW_S = 0.1  # a third of the shortest wait, and emulated a second
ERROR_RATE = 1e-4  # of the bytes, in both directions
QUIET: dict[str, object] = {
    "rate": 0.0,
    "seed": 0,
    "kinds": ["flip"],
    "directions": ["in", "out"],
}


@pytest.fixture
def noise(bench: Bench) -> Iterator[Callable[[dict[str, object]], None]]:
    """Disturb the line of an emulated board; quiet again afterwards."""
    emulator = bench.board.emulator
    if emulator is None:
        pytest.skip("only an emulated board has a line that can be disturbed on purpose")

    def disturb(settings: dict[str, object]) -> None:
        emulator.control({"set": "line_noise", **settings})

    yield disturb
    disturb(QUIET)


@pytest.fixture
def step_model() -> SlotEntry:
    """12 bytes in, 16 bytes out, next to nothing to compute: the cost of the link alone."""
    weights = np.arange(12, dtype=np.float32).reshape(4, 3)
    return SlotEntry("12 in, 16 out", tiny_models.fully_connected(weights))


def test_ten_thousand_results_over_a_bad_line(
    bench: Bench,
    step_model: SlotEntry,
    noise: Callable[[dict[str, object]], None],
) -> None:
    """With flipped, lost and doubled bytes both ways: exactly once, and equal to a clean run."""
    values = np.random.default_rng(1).standard_normal((DIFFERENT, 3)).astype("<f4")
    requests = [
        SequenceRequest(key, values[key % DIFFERENT].tobytes()) for key in range(NOISY_RESULTS)
    ]
    once = [result.outputs for result in bench.load(step_model).stream(requests[:DIFFERENT])]
    assert len(set(once)) == DIFFERENT, "each is told from the others"
    clean = once * (NOISY_RESULTS // DIFFERENT)

    device = bench.load(step_model)
    noise(
        {
            "rate": ERROR_RATE,
            "seed": 7,
            "kinds": list(KINDS),
            "directions": ["in", "out"],
        }
    )
    results = list(device.stream(requests))
    assert [result.key for result in results] == list(range(NOISY_RESULTS))
    assert [result.outputs for result in results] == clean
    assert device.counters.retransmissions > 0, "there was no noise"


def test_recurrent_state_survives_a_bad_line(
    load: Callable[[Variant], Loaded],
    any_variant: Variant,
    noise: Callable[[dict[str, object]], None],
) -> None:
    """A repeated request is not executed twice: state would tell."""
    order = [number % 12 for number in range(600)]
    loaded = load(any_variant)
    clean = loaded.outputs(order, reset=False)
    loaded.device.reset_state()
    noise(
        {
            "rate": ERROR_RATE,
            "seed": 11,
            "kinds": list(KINDS),
            "directions": ["in", "out"],
        }
    )
    assert loaded.outputs(order, reset=False) == clean
    assert loaded.device.counters.retransmissions > 0, "there was no noise"


def test_recurrent_state_survives_lost_replies(
    load: Callable[[Variant], Loaded],
    any_variant: Variant,
    noise: Callable[[dict[str, object]], None],
) -> None:
    """The device has executed what it is asked for again: it must only repeat its answer."""
    order = [number % 12 for number in range(600)]
    loaded = load(any_variant)
    clean = loaded.outputs(order, reset=False)
    loaded.device.reset_state()
    before = loaded.device.status()
    noise({"rate": 2e-3, "seed": 5, "kinds": ["drop"], "directions": ["out"]})
    assert loaded.outputs(order, reset=False) == clean
    noise(QUIET)
    after = loaded.device.status()
    assert after.duplicates - before.duplicates >= 5, "hardly any reply was lost"
    assert after.invocations - before.invocations == len(order)


def test_clean_line_needs_no_retransmission(measured: Measured, bench: Bench) -> None:
    """Of all sequences of a variant; what else would show of a bad line is the next test."""
    cycles, link = measured.cycles, measured.link
    assert cycles.streamed is not None
    if cycles.streamed.maximum > SLOW_S * bench.hello.core_clock_hz:
        pytest.skip("an inference lasts as long as the wait for a lost reply")
    # The host of a real board may be kept from running, and ask again for what is on its way: then
    # the device has it twice. An emulated board's time stands still with its process.
    asked_early = not bench.board.spec.is_emulated and link.timeouts > 0
    assert link.retransmissions == (link.repeated_in_vain if asked_early else 0)
    assert link.crc_errors == 0


def test_clean_line_leaves_no_trace(
    load: Callable[[Variant], Loaded], any_variant: Variant, bench: Bench
) -> None:
    loaded = load(any_variant)
    (cycles,) = loaded.run([0])[0].cycles[:1]
    if cycles > SLOW_S * bench.hello.core_clock_hz:
        pytest.skip("an inference lasts as long as the wait for a lost reply")
    start = Reading.take(loaded.device)
    loaded.outputs(list(range(12)) * 5)
    end = Reading.take(loaded.device)
    retransmissions = end.counters.retransmissions - start.counters.retransmissions
    asked_again = end.counters.timeouts > start.counters.timeouts
    asked_early = asked_again and not bench.board.spec.is_emulated  # this machine is busy
    duplicates = end.status.duplicates - start.status.duplicates
    assert retransmissions == (duplicates if asked_early else 0)
    assert end.counters.crc_errors == start.counters.crc_errors
    for name in ("overruns", "framing_errors", "frames_damaged", "naks"):
        assert getattr(end.status, name) == getattr(start.status, name), name


def test_payload_share_of_sequences(
    bench: Bench,
    load: Callable[[Variant], Loaded],
    zoo: list[Variant],
    record_testsuite_property: Callable[[str, object], None],
) -> None:
    """8x8 float32 sequences: at least 90 % of the line is payload (others: at most 41 %)."""
    variant = next((v for v in zoo if v.id == "digits_simple_rnn-float32-loop"), None)
    if variant is None:
        pytest.skip("the zoo has no digits_simple_rnn")
    loaded = load(variant)
    share = _payload_share(bench, loaded.device, loaded.sequences, 720)
    record_testsuite_property("payload share of sequences", round(share, 4))
    print(f"payload share of sequences: {share:.1%}")  # shown by pytest -rP
    assert share >= 0.90


def test_payload_share_of_single_steps(
    bench: Bench, step_model: SlotEntry, record_testsuite_property: Callable[[str, object], None]
) -> None:
    """Messages of one step, 12 bytes in and 16 out: at least 35 % (others: at most 3 %)."""
    device = bench.load(step_model)
    share = _payload_share(bench, device, [bytes(12)], 3000)
    record_testsuite_property("payload share of single steps", round(share, 4))
    print(f"payload share of single steps: {share:.1%}")  # shown by pytest -rP
    assert share >= 0.35


def _payload_share(bench: Bench, device: Device, sequences: Sequence[bytes], count: int) -> float:
    """Payload of the busier direction as a share of what the line could have carried, in the
    board's own time."""
    assert device.baud == bench.board.spec.baud
    blocks = itertools.islice(itertools.cycle(sequences), count)
    start = Reading.take(device)
    for _ in device.stream(SequenceRequest(key, block) for key, block in enumerate(blocks)):
        pass
    end = Reading.take(device)
    record = link_record(start, end, baud=device.baud, core_hz=bench.hello.core_clock_hz)
    assert record.payload_share is not None
    return record.payload_share
