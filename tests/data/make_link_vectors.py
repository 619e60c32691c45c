"""Writes `link_vectors.txt`, which holds the C++ and the Python side of the link to one protocol.

    python tests/data/make_link_vectors.py

One record a line, fields separated by blanks, bytes in hexadecimal ("-" if there are none):

    constant GROUP NAME VALUE
    frame NAME TYPE FLAGS SEQ PAYLOAD WIRE
    slot BYTES
    exchange NAME TYPE FLAGS PAYLOAD REPLY_TYPE REPLY_PAYLOAD

Constants and frames come from `harness/tflm_hil/link/protocol.toml` and
`harness/tflm_hil/link/framing.py`. The exchanges are a conversation with the firmware's command
loop on the fake board and the fake engine of `firmware/tests/fake/`, with `slot` as the board's
model slot. Their replies are packed here from the values that the fakes have, so the C++ test
proves that the firmware lays the fields out as the table says.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tflm_hil.link.framing import encode_frame
from tflm_hil.link.protocol import TABLE
from tflm_hil.models.slot.slot import SlotEntry, pack
from tflm_hil.models.slot.slot_aux import pack_states
from tflm_hil.models.tflite.quantize import Quantization
from tflm_hil.models.tflite.states import StatePair

PATH = Path(__file__).parent / "link_vectors.txt"

FAULT = {
    "sequence": 3,
    "r": [0x100 + i for i in range(13)],
    "sp": 0x20003F00,
    "lr": 0x08001235,
    "pc": 0x08004320,
    "xpsr": 0x61000000,
    "exc_return": 0xFFFFFFE9,
    "cfsr": 0x00010000,
    "hfsr": 0x40000000,
    "mmfar": 0xE000ED34,
    "bfar": 0xE000ED38,
    "dfsr": 0,
    "request": 0x00050011,
}

HELLO: dict[str, Any] = {
    "nonce": 0xCAFE0001,
    "previous_nonce": 0,
    "protocol": TABLE.version,
    "window": TABLE.limits["window"],
    "max_payload": TABLE.limits["max_payload"],
    "reply_store_bytes": TABLE.limits["reply_store_bytes"],
    "receive_bytes": 4096,
    "build_id": bytes(range(20)),
    "board": "fake_board",
    "engine": "fake_engine",
    "engine_version": "1.2",
    "kernels": "none",
    "compiler": "some compiler 1.0",
    "compiler_flags": "-O9",
    "core_clock_hz": 1000000,
    "serial_clock_hz": 54000000,
    "baud": 115200,
    "flash_wait_states": 7,
    "caches": TABLE.bits["caches"]["art"] | TABLE.bits["caches"]["dcache"],
    "reset_reason": TABLE.codes["reset_reason"]["pin"],
    "arena_bytes": 4096,
    "slot_bytes": 1024,
    "stack_bytes": 8192,
    "fault": [FAULT],
}

# The fake model: in[3] int8 and out[2] int16. out[0] counts the Invokes since reset, out[1] is
# the sum of the input plus that count. Each Invoke takes 100 cycles plus the count.
MODEL = SlotEntry("fake model", b"FAKE model")
REFUSED_MODEL = SlotEntry("refused", b"no model")
DAMAGED_MODEL = SlotEntry("damaged", b"FAKE, but a bit flips in it")

# The fake single step: h[2] int8 and the input above, h_next[2] int8 and the output above, with
# h_next = h + in / 4 in real numbers and out[1] = h[0] as stored.
STATE = StatePair("h", 0, 0, (2,), Quantization("int8", 0.5, 3), Quantization("int8", 0.25, -1))
OTHER_STATE = StatePair(
    "h", 0, 0, (2,), Quantization("int8", 0.75, 3), Quantization("int8", 0.25, -1)
)
STEP_MODEL = SlotEntry("step", b"FAKE2", pack_states([STATE]))
FOREIGN_STATES = SlotEntry("foreign", b"FAKE2 on another scale", pack_states([OTHER_STATE]))
DAMAGED_STATES = SlotEntry("damaged aux", b"FAKE2, states damaged", pack_states([STATE]))

TENSOR_IN = {
    "index": 0,
    "type": 9,
    "shape": [{"size": 1}, {"size": 3}],
    "scale": 0.5,
    "zero_point": -128,
    "bytes": 3,
    "name": "in",
}
TENSOR_OUT = {
    "index": 0,
    "type": 7,
    "shape": [{"size": 2}],
    "scale": 0.25,
    "zero_point": 7,
    "bytes": 4,
    "name": "out",
}
LOADED = {
    "name": "fake model",
    "op_count": 5,
    "arena_bytes": 300,
    "activation_bytes": 200,
    "state_bytes": 4,
    "inputs": [TENSOR_IN],
    "outputs": [TENSOR_OUT],
    "states": [],
}
TENSOR_STATE = {
    "index": 0,
    "type": 9,
    "shape": [{"size": 2}],
    "scale": 0.5,
    "zero_point": 3,
    "bytes": 2,
    "name": "h",
}
TENSOR_NEXT_STATE = {**TENSOR_STATE, "scale": 0.25, "zero_point": -1, "name": "h_next"}
SECOND_IN, SECOND_OUT = {**TENSOR_IN, "index": 1}, {**TENSOR_OUT, "index": 1}
LOADED_STEP = {
    **LOADED,
    "name": "step",
    "state_bytes": 4 + 2,
    "inputs": [SECOND_IN],
    "outputs": [SECOND_OUT, TENSOR_NEXT_STATE],
    "states": [{"input": 0, "output": 0, "scale": 0.5, "zero_point": 3, "bytes": 2}],
}
LOADED_RAW = {
    **LOADED,
    "name": "step",
    "inputs": [TENSOR_STATE, SECOND_IN],
    "outputs": [TENSOR_NEXT_STATE, SECOND_OUT],
}
REFUSED = {
    "status": 0,
    "subgraph": -1,
    "op_index": -1,
    "builtin_code": -1,
    "needed": 0,
    "available": 0,
}


def _u32(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(4, "little") for number in numbers)


def _i16(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(2, "little", signed=True) for number in numbers)


def _i8(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(1, "little", signed=True) for number in numbers)


def _error(request: str, error: str, text: str, **more: int) -> dict[str, Any]:
    return {
        **REFUSED,
        "request": TABLE.requests[request].id,
        "error": TABLE.codes["error"][error],
        "text": text,
        **more,
    }


# (name, request, flags, fields of the request, fields of the reply or of the refusal)
EXCHANGES: list[tuple[str, str, tuple[str, ...], dict[str, Any], dict[str, Any]]] = [
    ("hello", "hello", (), {"nonce": 0xCAFE0001}, HELLO),
    (
        "step_without_model",
        "step",
        (),
        {"input": b"\1\2\3"},
        _error("step", "no_model", "no model is loaded"),
    ),
    (
        "load_what_is_not_there",
        "load",
        (),
        {"hash": bytes(16)},
        _error("load", "model_not_in_slot", "no entry of the slot has this hash"),
    ),
    (
        "load_what_is_refused",
        "load",
        (),
        {"hash": bytes.fromhex(REFUSED_MODEL.hash)},
        _error(
            "load",
            "engine",
            "the fake engine refuses",
            status=TABLE.codes["status"]["arena_too_small"],
            subgraph=1,
            op_index=2,
            builtin_code=114,
            needed=5000,
            available=4096,
        ),
    ),
    (
        "load_what_is_damaged",
        "load",
        (),
        {"hash": bytes.fromhex(DAMAGED_MODEL.hash)},
        _error("load", "slot_damaged", "CRC-32 and contents of the entry differ"),
    ),
    ("load", "load", ("preserve_all",), {"hash": bytes.fromhex(MODEL.hash)}, LOADED),
    (
        "step",
        "step",
        (),
        {"input": bytes([1, 2, 3])},
        {"cycles": 101, "output": _i16(1, 7)},
    ),
    (
        "sequence_all",
        "sequence",
        ("reset_before", "all_outputs"),
        {"inputs": bytes([1, 2, 3, 4, 5, 6])},
        {"steps": _u32(101) + _i16(1, 7) + _u32(102) + _i16(2, 17)},
    ),
    (
        "sequence_last",
        "sequence",
        (),
        {"inputs": bytes([0, 0, 0, 1, 1, 1])},
        {"steps": _u32(103, 104) + _i16(4, 7)},
    ),
    ("reset_state", "reset_state", (), {}, {}),
    ("write_input", "write_input", (), {"offset": 1, "data": bytes([9, 8])}, {}),
    (
        "step_written",
        "step",
        ("input_written", "no_outputs"),
        {"input": b""},
        {"cycles": 101, "output": b""},
    ),
    (
        "read_output",
        "read_output",
        (),
        {"offset": 1, "length": 3},
        {"data": _i16(1, 1 + 9 + 8 + 1)[1:]},
    ),
    (
        "read_tensor",
        "read_tensor",
        (),
        {"subgraph": 0, "index": 1, "offset": 2},
        {"tensor": [{**TENSOR_OUT, "index": 1}], "data": _i16(19)},
    ),
    (
        "read_no_tensor",
        "read_tensor",
        (),
        {"subgraph": 0, "index": 9, "offset": 0},
        _error(
            "read_tensor",
            "engine",
            "there is no such tensor",
            status=TABLE.codes["status"]["bad_index"],
        ),
    ),
    (
        "benchmark",
        "benchmark",
        ("cold",),
        {"count": 3, "input": bytes([1, 1, 1])},
        {"cycles": [102, 103, 104]},
    ),
    (
        "step_of_wrong_length",
        "step",
        (),
        {"input": b"\1\2"},
        _error("step", "bad_length", "not one step of the model's input"),
    ),
    ("profile", "profile", ("on",), {}, {"overhead_cycles": 0}),
    (
        "step_profiled",
        "step",
        (),
        {"input": bytes(3)},
        {"cycles": 105, "output": _i16(5, 5)},
    ),
    (
        "read_profile",
        "read_profile",
        (),
        {"first": 0},
        {
            "total": 2,
            "dropped": 0,
            "entries": [
                {"subgraph": 1, "op_index": 0, "builtin_code": 9, "calls": 1, "cycles": 40},
                {"subgraph": 0, "op_index": 3, "builtin_code": 119, "calls": 1, "cycles": 105},
            ],
        },
    ),
    ("load_step", "load", (), {"hash": bytes.fromhex(STEP_MODEL.hash)}, LOADED_STEP),
    (
        "sequence_fed_back",
        "sequence",
        ("reset_before", "all_outputs"),
        {"inputs": _i8(1, -3, 0, 1, 1, 9)},
        # Stored states 3, 3 → next 0, -4 → requantised 4, 1 (ties go away from zero) → next 2, -4
        {"steps": _u32(101) + _i16(1, 3) + _i8(0, -4) + _u32(102) + _i16(2, 4) + _i8(2, -4)},
    ),
    (
        "step_carries_over",
        "step",
        (),
        {"input": bytes(3)},
        {"cycles": 103, "output": _i16(3, 5) + _i8(3, -5)},
    ),
    (
        "sequence_fed_back_after_reset",
        "sequence",
        ("reset_before",),
        {"inputs": _i8(1, -3, 0, 1, 1, 9)},
        {"steps": _u32(101, 102) + _i16(2, 4) + _i8(2, -4)},
    ),
    (
        "load_raw_states",
        "load",
        ("raw_states",),
        {"hash": bytes.fromhex(STEP_MODEL.hash)},
        LOADED_RAW,
    ),
    (
        "step_with_states_of_the_host",
        "step",
        (),
        {"input": _i8(10, 3, 1, 2, 0)},
        {"cycles": 101, "output": _i8(14, 1) + _i16(1, 10)},
    ),
    (
        "load_foreign_states",
        "load",
        (),
        {"hash": bytes.fromhex(FOREIGN_STATES.hash)},
        _error("load", "slot_damaged", "the entry's states are not the model's"),
    ),
    (
        "load_damaged_states",
        "load",
        (),
        {"hash": bytes.fromhex(DAMAGED_STATES.hash)},
        _error("load", "slot_damaged", "the entry's list of states is not readable"),
    ),
    ("set_baud", "set_baud", (), {"baud": 921600}, {"baud": 921600}),
    (
        "status",
        "status",
        (),
        {},
        {
            "uptime_cycles": 1636,
            "invoke_cycles": 1636,
            "idle_cycles": 0,
            "invocations": 16,
            "stack_bytes": 8192,
            "stack_high_water": 1234,
            "frames_received": 30,
            "frames_damaged": 0,
            "duplicates": 0,
            "naks": 0,
            "replies": 29,
            "overruns": 1,
            "framing_errors": 2,
            "noise_errors": 3,
            "parity_errors": 4,
        },
    ),
    ("self_test", "self_test", (), {"kind": 4}, {}),
    ("clear_fault", "clear_fault", (), {}, {}),
]


def frames() -> Iterator[tuple[str, int, int, int, bytes]]:
    """Name, type, flags, seq, payload of the frame vectors."""
    rng = random.Random(1)
    yield "empty", 0x03, 0, 0, b""
    yield "zeros", 0x04, 0, 0, bytes(300)
    yield "seq", 0x84, 2, 0xFFFE, b"\x11\x00\x22"
    # Around COBS's blocks of 254: frame without zeros in header and CRC-32.
    for length in (245, 246, 247, 500, 501):
        payload = bytes(rng.randrange(1, 256) for _ in range(length))
        while 0 in zlib.crc32(bytes([0x05, 3, 1, 1]) + payload).to_bytes(4, "little"):
            payload = bytes(rng.randrange(1, 256) for _ in range(length))
        yield f"no_zero_{length}", 0x05, 3, 0x0101, payload
    yield "random", 0x05, 1, 0x1234, rng.randbytes(777)
    yield "largest", 0x05, 0, 9, rng.randbytes(TABLE.limits["max_payload"])


def slot() -> bytes:
    """Models that the fake engine takes, one that it refuses, and two with a flipped bit.

    The single step is there twice, at first without its states: the last entry counts.
    """
    image = bytearray(
        pack(
            [
                REFUSED_MODEL,
                MODEL,
                DAMAGED_MODEL,
                SlotEntry("step, without its states", STEP_MODEL.data),
                STEP_MODEL,
                FOREIGN_STATES,
                DAMAGED_STATES,
            ]
        )
    )
    image[image.index(DAMAGED_MODEL.data) + 20] ^= 0x10
    image[image.index(DAMAGED_STATES.payload()) + 40] ^= 0x10
    return bytes(image).ljust(HELLO["slot_bytes"], b"\xff")


def exchanges() -> Iterator[tuple[str, int, int, bytes, int, bytes]]:
    """Name, type, flags, payload, type and payload of the reply."""
    for name, request, flags, fields, reply in EXCHANGES:
        entry = TABLE.requests[request]
        refused = "error" in reply and "request" in reply
        yield (
            name,
            entry.id,
            sum(entry.flags[flag] for flag in flags),
            TABLE.pack(entry.fields, fields),
            TABLE.events["error"].id if refused else entry.id | TABLE.reply_bit,
            TABLE.pack(TABLE.events["error"].fields if refused else entry.reply, reply),
        )


def constants() -> Iterator[tuple[str, str, int]]:
    yield "version", "protocol", TABLE.version
    for name, value in TABLE.limits.items():
        yield "limit", name, value
    for name, request in TABLE.requests.items():
        yield "type", name, request.id
        for flag, bit in request.flags.items():
            yield "flag", f"{name}.{flag}", bit
    for name, event in TABLE.events.items():
        yield "type", name, event.id
    for group, codes in TABLE.codes.items():
        for name, value in codes.items():
            yield group, name, value
    for name, value in TABLE.bits["caches"].items():
        yield "cache", name, value


def render() -> str:
    """The whole file."""

    def text(data: bytes) -> str:
        return data.hex() or "-"

    lines = ["# Made by make_link_vectors.py; its docstring says what the lines mean."]
    lines += [f"constant {group} {name} {value}" for group, name, value in constants()]
    lines += [
        f"frame {name} {kind} {flags} {seq} {text(payload)} "
        f"{text(encode_frame(kind, flags, seq, payload))}"
        for name, kind, flags, seq, payload in frames()
    ]
    lines.append(f"slot {text(slot())}")
    lines += [
        f"exchange {name} {kind} {flags} {text(payload)} {reply_kind} {text(reply)}"
        for name, kind, flags, payload, reply_kind, reply in exchanges()
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PATH.write_text(render())
