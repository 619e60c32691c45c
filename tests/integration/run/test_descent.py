"""Differences planted on an emulated board, and the operator and step that a descent names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from tflm_hil.emulator.outside import registry
from tflm_hil.emulator.outside.process import EmulatorProcess
from tflm_hil.explain.descend import descend, descend_into_loop
from tflm_hil.firmware_build.build import FirmwareImage, build
from tflm_hil.link.device import Device
from tflm_hil.link.transport import SerialTransport
from tflm_hil.models.slot.slot import SlotEntry
from tflm_hil.models.tflite.inspect import inspect
from tflm_hil.models.tflite.schema import load_schema
from tflm_hil.models.zoo.manifest import Variant, load_zoo
from tflm_hil.probe.probe import Probe
from tflm_hil.report.causes import Culprit, Descent, Manner, Origin

from tests.support.boards import settings_for
from tests.support.edited_firmware import Edit, edited_firmware
from tests.support.emulated_boards import NUCLEO
from tests.support.step_model import lstm_step

MODELS = Path(__file__).parents[3] / "fixtures" / "models"
VARIANTS = {v.id: v for m in load_zoo(MODELS) for v in m.variants if "digits" in v.id}
LSTM = "digits_lstm-int8-unrolled"
TANH_LINE = "kTanh ? RoundingShiftRight(TanhQ4(q4), 24)"


@dataclass
class Board:
    device: Device
    probe: Probe

    def load(self, content: bytes) -> None:
        entry = SlotEntry("planted", content)
        self.probe.store_models([entry])
        self.device.hello()
        self.device.set_baud(3_000_000)
        self.device.load(entry.hash, preserve_all=True)

    def descend(self, variant: Variant, content: bytes) -> Descent:
        self.load(content)
        return descend(self.device, variant.path, variant.load_samples().inputs[0])


def board_with(image: FirmwareImage, uid: str) -> Iterator[Board]:
    with EmulatorProcess.start(NUCLEO, uid=uid, blank=True) as emulator:
        settings = settings_for(uid)
        probe = Probe(settings)
        probe.flash_firmware(image.elf)
        transport = SerialTransport(emulator.tty, 115200)
        device = Device(transport, board="nucleo-f746zg", timeout_s=20, clock=emulator.clock())
        try:
            yield Board(device, probe)
        finally:
            device.close()
    registry.flash_path(uid).unlink(missing_ok=True)


@pytest.fixture(scope="module")
def board() -> Iterator[Board]:
    yield from board_with(build("nucleo_f746zg"), f"EMU-DESCENT-{os.getpid()}")


@pytest.fixture
def board_with_wrong_tanh() -> Iterator[Board]:
    """Its firmware's int8 TANH is 1 LSB too high for positive inputs."""
    wrong = "kTanh ? RoundingShiftRight(TanhQ4(q4), 24) + (q4 > 0)"
    image = edited_firmware(Edit("engine/builtin/kernels/activations.cc", TANH_LINE, wrong))
    yield from board_with(image, f"EMU-TANH-{os.getpid()}")


def constant_bytes(content: bytes, subgraph: int, index: int) -> bytes:
    model = load_schema().Model.GetRootAsModel(content, 0)
    tensor = model.Subgraphs(subgraph).Tensors(index)
    data: bytes = model.Buffers(tensor.Buffer()).DataAsNumpy().tobytes()
    return data


def with_flipped_weight(content: bytes, subgraph: int, index: int, element: int) -> bytes:
    """The model with one bit of one weight of tensor `index` flipped."""
    data = constant_bytes(content, subgraph, index)
    assert content.count(data) == 1
    changed = bytearray(content)
    changed[content.index(data) + element] ^= 0x40
    return bytes(changed)


def recurrent_weights(content: bytes) -> tuple[int, int]:
    """Operator that first multiplies by the recurrent kernel (20 units, 80 gates), its weights."""
    graph = inspect(content).subgraphs[0]
    for op in graph.operators:
        if op.name == "FULLY_CONNECTED" and graph.tensors[op.inputs[1]].shape == (80, 20):
            return op.index, op.inputs[1]
    raise AssertionError("no recurrent kernel")


def culprit(descent: Descent) -> Culprit:
    assert descent.culprit is not None, descent
    return descent.culprit


@pytest.mark.parametrize("name", sorted(VARIANTS))
def test_a_board_that_is_right_has_no_culprit(board: Board, name: str) -> None:
    descent = board.descend(VARIANTS[name], VARIANTS[name].content())
    assert (descent.culprit, descent.steps, descent.in_time) == (None, 1, True)


def test_a_flipped_recurrent_weight_is_named_at_the_second_time_step(board: Board) -> None:
    """At the first one the state is still zero."""
    variant = VARIANTS[LSTM]
    _, weights = recurrent_weights(variant.content())
    spoilt = with_flipped_weight(variant.content(), 0, weights, 801)
    guilty = culprit(board.descend(variant, spoilt))
    assert guilty.operator_name == "FULLY_CONNECTED"
    assert guilty.manner is Manner.OTHER_CONSTANT
    assert guilty.constant is not None
    assert (guilty.constant.index, guilty.constant.element) == (weights, 801)
    assert (guilty.step, guilty.time_step) == (0, 1)


def test_a_flipped_weight_in_a_loop_is_named_in_its_body(board: Board) -> None:
    variant = VARIANTS["digits_simple_rnn-float32-loop"]
    body = inspect(variant.content()).subgraphs[2]
    op = next(op for op in body.operators if op.name == "FULLY_CONNECTED")
    spoilt = with_flipped_weight(variant.content(), 2, op.inputs[1], 4 * 30 + 2)
    guilty = culprit(board.descend(variant, spoilt))
    assert (guilty.subgraph, guilty.loop) == (2, 1)
    assert guilty.manner is Manner.OTHER_CONSTANT
    assert guilty.constant is not None
    assert guilty.constant.index == op.inputs[1]


def test_the_iteration_of_a_loop_is_found(board: Board) -> None:
    """Recurrent weights act from the second time step on, kernel weights from the first."""
    variant = VARIANTS["digits_simple_rnn-float32-loop"]
    body = inspect(variant.content()).subgraphs[2]
    matrices = [op.inputs[1] for op in body.operators if op.name == "FULLY_CONNECTED"]
    steps = {}
    for weights in matrices:
        element = 4 * 30 + 2
        columns = body.tensors[weights].shape[1]

        def load(content: bytes, weights: int = weights, element: int = element) -> Device:
            board.load(with_flipped_weight(content, 2, weights, element))
            return board.device

        descent = descend_into_loop(load, variant.path, variant.load_samples().inputs[0])
        assert descent is not None
        assert culprit(descent).operator_name == "FULLY_CONNECTED"
        steps[columns] = culprit(descent).time_step
    assert steps.keys() == {8, 32}
    assert steps[32] is not None
    assert steps[32] >= 1


def test_the_invoke_of_a_stateful_model_is_found(board: Board, tmp_path: Path) -> None:
    """Its state is zero in the first Invoke: a recurrent weight first acts in the second."""
    content = lstm_step()
    path = tmp_path / "step.tflite"
    path.write_bytes(content)
    graph = inspect(content).subgraphs[0]
    inputs = np.random.default_rng(2).standard_normal((6, 3)).astype(np.float32)
    for name, step in (("w3", 0), ("r3", 1)):
        (weights,) = [t.index for t in graph.tensors if t.name == name]
        board.load(with_flipped_weight(content, 0, weights, 6))
        guilty = culprit(descend(board.device, path, inputs))
        assert guilty.operator_name == "UNIDIRECTIONAL_SEQUENCE_LSTM"
        assert (guilty.manner, guilty.step) == (Manner.OTHER_CONSTANT, step)
        assert guilty.constant is not None
        assert guilty.constant.name == name
    board.load(content)
    right = descend(board.device, path, inputs)
    assert (right.culprit, right.steps) == (None, 6)


def test_a_descent_ends_when_its_time_is_up(board: Board) -> None:
    variant = VARIANTS[LSTM]
    board.load(variant.content())
    inputs = variant.load_samples().inputs[0]
    descent = descend(board.device, variant.path, inputs, until=0.0)
    assert (descent.culprit, descent.in_time, descent.steps) == (None, False, 0)


def test_a_wrong_kernel_is_named_though_the_model_is_right(board_with_wrong_tanh: Board) -> None:
    variant = VARIANTS["digits_gru-int8-unrolled"]
    descent = board_with_wrong_tanh.descend(variant, variant.content())
    assert descent.origin is Origin.ROUNDING
    guilty = culprit(descent)
    assert (guilty.operator_name, guilty.manner) == ("TANH", Manner.COMPUTES_DIFFERENTLY)
    assert (guilty.step, guilty.time_step) == (0, 0)
    assert guilty.tensor.max_abs == 1
    assert guilty.apart == 0.0
