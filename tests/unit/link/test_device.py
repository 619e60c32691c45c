"""What the device's calls become on the line, against a board of the test."""

from __future__ import annotations

from typing import Any

import pytest
from tflm_hil.errors import ProtocolError
from tflm_hil.link.device import Device
from tflm_hil.link.framing import Frame
from tflm_hil.link.protocol import MAX_PAYLOAD, TABLE

from tests.unit.link.answering_board import AnsweringBoard

LOAD = TABLE.requests["load"]
HASH = "00112233445566778899aabbccddeeff" * 2


def described(input_bytes: int, output_bytes: int = 4) -> bytes:
    """LOAD's reply for a model with one input and one output."""

    def tensor(name: str, size: int) -> dict[str, Any]:
        fields: dict[str, Any] = {field.name: 0 for field in TABLE.structs["tensor"]}
        return fields | {"name": name, "type": 3, "shape": [], "bytes": size}

    fields: dict[str, Any] = {field.name: 0 for field in LOAD.reply}
    return TABLE.pack(
        LOAD.reply,
        fields | {
            "name": "m", "inputs": [tensor("x", input_bytes)],
            "outputs": [tensor("y", output_bytes)], "states": [],
        },
    )  # fmt: skip


def device_of(board: AnsweringBoard) -> Device:
    return Device(board, board="b", timeout_s=0.5)


def cycles(frame: Frame) -> bytes:
    """As many as BENCHMARK asks for."""
    return bytes(4 * int.from_bytes(frame.payload[:2], "little"))


@pytest.fixture
def board() -> AnsweringBoard:
    return AnsweringBoard(load=lambda _: described(12), benchmark=cycles)


@pytest.mark.parametrize(
    ("options", "flags"),
    [
        ({}, ()),
        ({"preserve_all": True}, ("preserve_all",)),
        ({"raw_states": True}, ("raw_states",)),
        ({"preserve_all": True, "raw_states": True}, ("preserve_all", "raw_states")),
    ],
)
def test_load_names_the_model_and_says_how(
    board: AnsweringBoard, options: dict[str, bool], flags: tuple[str, ...]
) -> None:
    device_of(board).load(HASH, **options)
    name, frame = board.asked[-1]
    assert name == "load"
    assert frame.payload == bytes.fromhex(HASH)[:16]
    assert frame.flags == sum(LOAD.flags[flag] for flag in flags)


def test_a_model_lasts_as_long_as_its_session(board: AnsweringBoard) -> None:
    device = device_of(board)
    models = [device.model, device.load(HASH), device.model]
    device.hello()
    models.append(device.model)
    loaded = models[1]
    assert models == [None, loaded, loaded, None]
    with pytest.raises(ProtocolError, match="no model is loaded") as caught:
        device.step(bytes(12))
    assert caught.value.remedy == "call load()"


@pytest.mark.parametrize("cold", [False, True])
def test_benchmark_says_whether_caches_are_cold(board: AnsweringBoard, cold: bool) -> None:
    device = device_of(board)
    device.load(HASH)
    assert device.benchmark(3, cold=cold, inputs=b"123456789012") == (0, 0, 0)
    name, frame = board.asked[-1]
    assert (name, frame.payload) == ("benchmark", b"\3\0" + b"123456789012")
    assert frame.flags == (TABLE.requests["benchmark"].flags["cold"] if cold else 0)


@pytest.mark.parametrize(
    ("size", "sent"), [(MAX_PAYLOAD - 2, MAX_PAYLOAD - 2), (MAX_PAYLOAD - 1, 0)]
)
def test_benchmark_sends_an_input_that_fits_a_frame(size: int, sent: int) -> None:
    board = AnsweringBoard(load=lambda _: described(size), benchmark=cycles)
    device = device_of(board)
    device.load(HASH)
    device.benchmark(1, cold=False, inputs=bytes(size))
    assert len(board.asked[-1][1].payload) == 2 + sent


def test_model_data_is_counted_apart_from_the_rest() -> None:
    board = AnsweringBoard(load=lambda _: described(12, 8), step=lambda _: bytes(4 + 8))
    device = device_of(board)
    device.load(HASH)
    before = device.counters.bytes_sent
    assert before > 0
    device.step(bytes(12))
    counters = device.counters
    assert (counters.payload_bytes_sent, counters.payload_bytes_received) == (12, 8)
    assert counters.bytes_sent > before + 12
