"""The device client against the real application: every command, every way to go wrong."""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator

import numpy as np
import pytest
from tflm_hil.errors import (
    ArenaTooSmall,
    CorruptModel,
    DeviceError,
    DeviceReset,
    LinkError,
    LinkTimeout,
    ModelMismatch,
    ProtocolError,
    TargetFault,
    UnsupportedModel,
)
from tflm_hil.link.device import Device
from tflm_hil.link.messages import SequenceRequest
from tflm_hil.link.transport import Transport
from tflm_hil.models.slot.slot import model_hash

from tests.integration.link.conftest import CORRUPT, STEP, TOO_LARGE, UNKNOWN, WIDE
from tests.support.disturbed_line import DisturbedLine
from tests.support.posix_board import PosixBoard
from tests.support.step_model import INPUTS

UNIDIRECTIONAL_SEQUENCE_LSTM = 44


def steps(count: int, seed: int = 0) -> bytes:
    return np.random.default_rng(seed).normal(size=(count, INPUTS)).astype("<f4").tobytes()


def test_hello_says_what_runs(device: Device) -> None:
    hello = device.hello()
    assert (hello.board, hello.engine, hello.reset_reason) == ("posix", "builtin", "power_on")
    assert hello.fault is None
    assert hello.arena_bytes == 192 * 1024


def test_any_call_opens_the_session(board: PosixBoard) -> None:
    assert board.device().status().invocations == 0


def test_load_describes_the_model(device: Device) -> None:
    model = device.load(STEP.hash)
    assert (model.name, model.hash, model.op_count) == ("lstm_step", STEP.hash, 1)
    assert (model.inputs[0].shape, model.inputs[0].type) == ((1, 1, 3), "float32")
    assert (model.outputs[0].shape, model.outputs[0].name) == ((1, 1, 4), "y")
    assert model.state_bytes >= 2 * 4 * 4
    assert model.arena_bytes >= model.state_bytes + model.activation_bytes


def test_a_full_sha256_names_a_model_too(device: Device) -> None:
    import hashlib

    assert device.load(hashlib.sha256(STEP.data).hexdigest()).name == "lstm_step"


def test_a_model_that_is_not_in_the_slot(device: Device) -> None:
    with pytest.raises(ModelMismatch, match="not in the board's model slot"):
        device.load(model_hash(b"another"))


def test_a_corrupt_model_is_refused_and_the_board_lives(device: Device) -> None:
    with pytest.raises(CorruptModel):
        device.load(CORRUPT.hash)
    assert device.load(STEP.hash).name == "lstm_step"


def test_an_unsupported_operator_is_named(device: Device) -> None:
    with pytest.raises(UnsupportedModel, match="TILE") as caught:
        device.load(UNKNOWN.hash)
    assert caught.value.rejection is not None
    assert caught.value.rejection.op_index == 0


def test_a_small_arena_is_told_by_how_much(device: Device) -> None:
    with pytest.raises(ArenaTooSmall, match="are missing") as caught:
        device.load(TOO_LARGE.hash)
    rejection = caught.value.rejection
    assert rejection is not None
    assert rejection.needed > rejection.available == 192 * 1024


def test_nothing_runs_without_a_model(device: Device) -> None:
    with pytest.raises(ProtocolError, match="no model"):
        device.step(steps(1))
    with pytest.raises(DeviceError, match="no model"):
        device.reset_state()


def test_state_is_kept_until_reset(device: Device) -> None:
    device.load(STEP.hash)
    first, second = device.step(steps(1)), device.step(steps(1))
    assert first.outputs != second.outputs
    device.reset_state()
    assert device.step(steps(1)).outputs == first.outputs


def test_chunks_are_the_whole(device: Device) -> None:
    """400 steps need several frames; the same as one by one, and as with the last output only."""
    device.load(STEP.hash)
    data = steps(400)
    (whole,) = device.stream([SequenceRequest("whole", data)])
    assert whole.steps == len(whole.cycles) == 400
    device.reset_state()
    single = b"".join(device.step(data[at : at + 12]).outputs for at in range(0, len(data), 12))
    assert whole.outputs == single
    (last,) = device.stream([SequenceRequest("last", data, all_outputs=False)])
    assert last.outputs == single[-16:]
    assert last.steps == 400


def test_tensors_larger_than_a_frame(device: Device) -> None:
    model = device.load(WIDE.hash)
    assert model.input_bytes == model.output_bytes == 2800
    values = np.arange(1400, dtype="<f4").reshape(2, 700)
    (result,) = device.stream([SequenceRequest(0, values.tobytes())])
    assert result.outputs == (values + values).tobytes()
    (last,) = device.stream([SequenceRequest(0, values.tobytes(), all_outputs=False)])
    assert last.outputs == (values[1] + values[1]).tobytes()


def test_streaming_is_lazy_and_in_order(device: Device) -> None:
    device.load(STEP.hash)
    drawn: list[int] = []

    def requests() -> Iterator[SequenceRequest]:
        for key in range(5000):
            drawn.append(key)
            yield SequenceRequest(key, steps(1))

    results = device.stream(requests())
    assert not drawn
    assert next(results).key == 0
    assert len(drawn) < 1000
    assert [result.key for result in results] == list(range(1, 5000))


def test_other_calls_may_come_in_the_middle_of_a_stream(device: Device) -> None:
    device.load(STEP.hash)
    results = device.stream(SequenceRequest(key, steps(2, key)) for key in range(300))
    expected = [next(results).outputs]
    assert device.status().invocations > 0
    expected += [result.outputs for result in results]
    again = device.stream(SequenceRequest(key, steps(2, key)) for key in range(300))
    assert [result.outputs for result in again] == expected


def test_an_abandoned_stream_leaves_the_link_usable(device: Device) -> None:
    device.load(STEP.hash)
    next(device.stream(SequenceRequest(key, steps(3)) for key in range(1000)))
    device.reset_state()
    (result,) = device.stream([SequenceRequest(0, steps(1))])
    device.reset_state()
    assert device.step(steps(1)).outputs == result.outputs


def test_input_of_a_wrong_size_is_refused_before_it_is_sent(device: Device) -> None:
    device.load(STEP.hash)
    sent = device.counters.frames_sent
    with pytest.raises(ProtocolError, match="steps take 12 bytes"):
        device.step(bytes(13))
    assert device.counters.frames_sent == sent


def test_counters_tell_model_data_from_the_rest(device: Device) -> None:
    device.load(STEP.hash)
    before = device.counters.bytes_sent
    list(device.stream(SequenceRequest(key, steps(8)) for key in range(10)))
    assert device.counters.payload_bytes_sent == 10 * 8 * 12
    assert device.counters.payload_bytes_received == 10 * 8 * 16
    # header 4, CRC 4, COBS 1, closing zero 1
    assert device.counters.bytes_sent - before == 10 * (8 * 12 + 10)


def test_benchmark_gives_the_cycles_of_every_invocation(device: Device) -> None:
    device.load(STEP.hash)
    invocations = device.status().invocations
    assert len(device.benchmark(150, cold=False)) == 150
    assert len(device.benchmark(3, cold=True, inputs=steps(1))) == 3
    assert device.status().invocations == invocations + 153
    assert all(device.benchmark(10, cold=False))


def test_profile_counts_every_operator(device: Device) -> None:
    device.load(STEP.hash)
    device.profile(True)
    list(device.stream([SequenceRequest(0, steps(5))]))
    device.profile(False)
    device.step(steps(1))
    profile = device.read_profile()
    (entry,) = profile.entries
    assert (entry.subgraph, entry.op_index, entry.calls) == (0, 0, 5)
    assert entry.builtin_code == UNIDIRECTIONAL_SEQUENCE_LSTM
    assert entry.cycles > 0
    assert profile.dropped == 0


def test_any_tensor_is_readable_when_all_are_preserved(device: Device) -> None:
    device.load(WIDE.hash, preserve_all=True)
    values = np.arange(700, dtype="<f4").tobytes()
    device.step(values)
    info, data = device.read_tensor(0, 0)
    assert (info.name, info.shape, info.bytes) == ("x", (1, 700), 2800)
    assert data == values
    with pytest.raises(DeviceError, match="no such tensor"):
        device.read_tensor(0, 99)


def test_baud_is_raised_and_refused(device: Device) -> None:
    assert device.set_baud(921600) == device.baud == 921600
    device.load(STEP.hash)
    assert device.set_baud(100) == 921600, "the board cannot; both sides stay"
    assert device.baud == 921600
    assert device.step(steps(1)).steps == 1


def deaf_above(inner: Transport, limit: int) -> DisturbedLine:
    """A line that carries nothing faster than `limit` baud: a long cable, a slow adapter."""
    line = DisturbedLine(inner)
    line.outward = line.inward = lambda data: data if line.baud <= limit else b""
    return line


def test_a_rate_that_the_line_does_not_carry_is_given_up_by_both_sides(board: PosixBoard) -> None:
    device = Device(deaf_above(board.transport(), 115200), board="posix", timeout_s=2.0)
    device.load(STEP.hash)
    assert device.set_baud(921600) == device.baud == 115200
    assert device.step(steps(1)).steps == 1, "the session goes on, its model is still loaded"
    device.close()


def test_reboot_opens_a_new_session(device: Device) -> None:
    device.load(STEP.hash)
    hello = device.reboot()
    assert hello.reset_reason == "software"
    assert hello.previous_nonce == 0
    assert device.model is None


@pytest.mark.parametrize(
    ("kind", "cfsr"), [("undefined_instruction", 1 << 16), ("bad_read", 1 << 9 | 1 << 15)]
)
def test_a_fault_comes_with_its_record_and_the_next_test_runs(
    device: Device, kind: str, cfsr: int
) -> None:
    device.load(STEP.hash)
    clean = device.step(steps(1))
    device.arm_fault(kind)
    with pytest.raises(TargetFault, match="while executing sequence") as caught:
        list(device.stream(SequenceRequest(key, steps(2)) for key in range(500)))
    record = caught.value.record
    assert record.cfsr == cfsr
    assert record.pc != 0
    assert record.request_name == "sequence"
    assert device.counters.resets == 1
    device.load(STEP.hash)
    assert device.step(steps(1)).outputs == clean.outputs
    assert device.hello().fault is None, "told once"


def test_a_restart_without_a_fault_is_told_apart(board: PosixBoard, device: Device) -> None:
    device.load(STEP.hash)
    board.press_reset()
    with pytest.raises(DeviceReset, match="restarted in mid-run"):
        device.step(steps(1))


@pytest.mark.parametrize("kind", ["hang", "silent"])
def test_a_hanging_board_is_given_up(board: PosixBoard, kind: str) -> None:
    device = board.device(timeout_s=0.5)
    device.load(STEP.hash)
    device.arm_fault(kind)
    start = time.monotonic()
    with pytest.raises(LinkTimeout, match=r"said nothing for 0\.5 s") as caught:
        device.step(steps(1))
    assert time.monotonic() - start < 5
    assert "reset the board" in caught.value.remedy


def test_a_board_that_loses_power_is_an_error(board: PosixBoard, device: Device) -> None:
    device.load(STEP.hash)
    results = device.stream(SequenceRequest(key, steps(8)) for key in range(100_000))
    next(results)
    board.kill()
    with pytest.raises(LinkError) as caught:
        list(results)
    assert caught.value.remedy


def test_a_request_that_takes_long_is_kept_alive(board: PosixBoard) -> None:
    """A quarter of a second of work between two signs of life; silence is given up sooner than
    the whole request takes."""
    device = board.device(timeout_s=0.6)
    device.load(STEP.hash)
    fast = min(device.benchmark(50, cold=False))
    count = min(0xFFFF // 4, 512)
    pending = [
        device._session.window.submit(0x0B, 0, struct.pack("<H", count), 2200)
        for _ in range(int(1e9 / (fast * count)) + 1)
    ]
    start = time.monotonic()
    assert all(len(device._session.window.wait(one).payload) == 4 * count for one in pending)
    assert time.monotonic() - start < 60
