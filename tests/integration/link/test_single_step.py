"""Single-step models: the device itself feeds their states back, in memory that does not grow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tflm_hil.errors import CorruptModel
from tflm_hil.link.device import Device
from tflm_hil.link.messages import SequenceRequest
from tflm_hil.models.slot.slot import SlotEntry
from tflm_hil.models.slot.slot_aux import pack_states
from tflm_hil.models.tflite.inspect import inspect
from tflm_hil.models.tflite.quantize import Quantization
from tflm_hil.models.tflite.states import state_pairs

from tests.support.posix_board import PosixBoard
from tests.support.single_step import FEATURES, adder, entry, passer

TIED = entry("tied", adder())
APART = entry("apart", adder(next_scale=0.375, next_zero_point=7))
WIDE = entry("wide", adder("int16", next_scale=0.375, next_zero_point=0))
FLOAT = entry("float", adder("float32"))
(_PAIR,) = state_pairs(inspect(adder()))
WRONG_SCALE = SlotEntry(
    "wrong scale",
    adder(next_zero_point=11),
    pack_states([replace(_PAIR, output_quantization=Quantization("int8", 0.5, 12))]),
)
NO_SUCH_TENSOR = SlotEntry(
    "no tensor", adder(next_zero_point=12), pack_states([replace(_PAIR, input=2)])
)
UNSIGNED = entry("unsigned", passer())
MODELS = [TIED, APART, WIDE, FLOAT, UNSIGNED]


@pytest.fixture
def board(app: Path, tmp_path: Path) -> Iterator[PosixBoard]:
    """A board whose slot holds every model once without its states, and then with them."""
    bare = [SlotEntry(model.name, model.data) for model in MODELS]
    board = PosixBoard(app, [*bare, *MODELS, WRONG_SCALE, NO_SUCH_TENSOR], tmp_path)
    yield board
    board.stop()


def steps(model: SlotEntry, count: int, seed: int = 0) -> bytes:
    """Random input; small, so that the sum seldom saturates."""
    random = np.random.default_rng(seed)
    if model is FLOAT:
        return random.normal(size=(count, FEATURES)).astype("<f4").tobytes()
    if model is UNSIGNED:
        return random.integers(0, 256, size=(count, FEATURES), dtype=np.uint8).tobytes()
    dtype = "<i2" if model is WIDE else "<i1"
    return random.integers(-30, 40, size=(count, FEATURES)).astype(dtype).tobytes()


def run(device: Device, inputs: bytes, *, reset: bool = True, all_outputs: bool = True) -> bytes:
    (result,) = device.stream([SequenceRequest(0, inputs, reset, all_outputs)])
    return result.outputs


def driven_by_the_host(device: Device, model: SlotEntry, inputs: bytes) -> bytes:
    """The same steps with the states fed back here, as the references do it."""
    loaded = device.load(model.hash, raw_states=True)
    assert [tensor.name for tensor in loaded.inputs] == ["h", "x"]
    (pair,) = state_pairs(inspect(model.data))
    held = pair.input_quantization.to_bytes(np.zeros(FEATURES, np.float32))
    size = loaded.inputs[1].bytes
    state_bytes = loaded.outputs[0].bytes
    answers = []
    for at in range(0, len(inputs), size):
        output = device.step(held + inputs[at : at + size]).outputs
        following, y = output[:state_bytes], output[state_bytes:]
        answers.append(y + following)
        stored = pair.feed_back(pair.output_quantization.from_bytes(following))
        held = stored.astype(stored.dtype.newbyteorder("<")).tobytes()
    return b"".join(answers)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_fed_back_on_the_device_as_on_the_host(device: Device, model: SlotEntry) -> None:
    inputs = steps(model, 300)
    device.load(model.hash)
    assert run(device, inputs) == driven_by_the_host(device, model, inputs)


def test_first_state_is_zero_whatever_its_zero_point(device: Device) -> None:
    """`y` is the state as it is: the integer that stands for 0, not the byte 0."""
    device.load(UNSIGNED.hash)
    assert run(device, steps(UNSIGNED, 1))[:FEATURES] == bytes([120] * FEATURES)


def test_load_tells_the_states(device: Device) -> None:
    model = device.load(APART.hash)
    assert [(tensor.index, tensor.name) for tensor in model.inputs] == [(1, "x")]
    assert [(tensor.index, tensor.name) for tensor in model.outputs] == [(1, "y"), (0, "h_next")]
    (state,) = model.states
    assert (state.input, state.output, state.bytes) == (0, 0, FEATURES)
    assert (state.scale, state.zero_point) == (0.5, -2)
    assert model.state_bytes == FEATURES
    assert (model.input_bytes, model.output_bytes) == (FEATURES, 2 * FEATURES)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_chunked_is_whole_and_reset_is_complete(device: Device, model: SlotEntry) -> None:
    size = device.load(model.hash).input_bytes
    inputs = steps(model, 40)
    whole = run(device, inputs)
    chunks = [run(device, inputs[: 7 * size])]
    chunks.append(run(device, inputs[7 * size : 8 * size], reset=False))
    chunks += [
        device.step(inputs[at : at + size]).outputs for at in range(8 * size, len(inputs), size)
    ]
    assert b"".join(chunks) == whole
    device.reset_state()
    assert run(device, inputs, reset=False) == whole


def test_carries_over_when_asked_and_only_then(device: Device) -> None:
    device.load(TIED.hash)
    first, second = steps(TIED, 5, seed=1), steps(TIED, 5, seed=2)
    fresh = run(device, second)
    run(device, first)
    assert run(device, second) == fresh
    run(device, first)
    assert run(device, second, reset=False) != fresh
    assert run(device, first + second)[5 * 2 * FEATURES :] != fresh


def test_a_long_sequence_goes_in_chunks_that_do_not_show(device: Device) -> None:
    """10,000 steps: many SEQUENCE messages, one state, the same arena and stack as for one."""
    model = device.load(FLOAT.hash)
    inputs = steps(FLOAT, 10_000)
    arena = model.arena_bytes
    sent = device.counters.frames_sent
    outputs = np.frombuffer(run(device, inputs), "<f4").reshape(10_000, 2, FEATURES)
    assert device.counters.frames_sent - sent > 50
    assert device.load(FLOAT.hash).arena_bytes == arena
    x = np.frombuffer(inputs, "<f4").reshape(10_000, FEATURES)
    expected = np.cumsum(x, axis=0, dtype=np.float32)
    assert np.array_equal(outputs[:, 1], expected)
    assert np.array_equal(outputs[:, 0], 2 * expected)
    assert run(device, inputs, all_outputs=False) == outputs[-1].tobytes()


def test_benchmark_and_reset_leave_the_contract_alone(device: Device) -> None:
    device.load(APART.hash)
    inputs = steps(APART, 4)
    fresh = run(device, inputs)
    device.benchmark(20, cold=False)
    assert run(device, inputs, reset=False) != fresh
    assert run(device, inputs) == fresh


@pytest.mark.parametrize("model", [WRONG_SCALE, NO_SUCH_TENSOR], ids=lambda model: model.name)
def test_states_that_are_not_the_models_are_refused(device: Device, model: SlotEntry) -> None:
    with pytest.raises(CorruptModel, match="states are not the model's"):
        device.load(model.hash)
    assert device.load(model.hash, raw_states=True).states == ()
    assert device.load(TIED.hash).states, "and the board lives"
