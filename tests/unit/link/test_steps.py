"""Cutting sequences into requests and putting the results together again."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tflm_hil.link.framing import encode_frame
from tflm_hil.link.messages import LoadedModel, SequenceRequest, TensorInfo
from tflm_hil.link.protocol import MAX_PAYLOAD, TABLE
from tflm_hil.link.steps import ERROR_WIRE_BYTES, Assembler, Part, StepsError, cut

SEQUENCE = TABLE.requests["sequence"]
RESET, ALL = SEQUENCE.flags["reset_before"], SEQUENCE.flags["all_outputs"]


def model(inputs: int, outputs: int) -> LoadedModel:
    tensor = TensorInfo(0, "", "uint8", (), 0.0, 0, 0)
    return LoadedModel(
        "", "m", (replace(tensor, bytes=inputs),), (replace(tensor, bytes=outputs),), 0, 0, 0, 1
    )


class Device:
    """Executes parts: the output of a step is its number since reset in every byte."""

    def __init__(self, loaded: LoadedModel) -> None:
        self.model = loaded
        self.count = 0
        self.seen = b""
        self.written = bytearray(loaded.input_bytes)

    def execute(self, part: Part) -> bytes:
        name = TABLE.names[part.kind]
        if name == "reset_state":
            self.count = 0
            return b""
        if name == "write_input":
            offset = int.from_bytes(part.payload[:4], "little")
            data = part.payload[4:]
            self.written[offset : offset + len(data)] = data
            return b""
        if name == "read_output":
            offset, length = struct.unpack("<IH", part.payload)
            return self.output()[offset : offset + length]
        data = part.payload
        if name == "step":
            if part.flags & TABLE.requests["step"].flags["input_written"]:
                data = bytes(self.written)
            self.invoke(data)
            quiet = part.flags & TABLE.requests["step"].flags["no_outputs"]
            return self.cycles() + (b"" if quiet else self.output())
        if part.flags & RESET:
            self.count = 0
        reply = b""
        steps = len(data) // self.model.input_bytes
        for step in range(steps):
            self.invoke(data[step * self.model.input_bytes :][: self.model.input_bytes])
            reply += self.cycles()
            if part.flags & ALL or step == steps - 1:
                reply += self.output()
        return reply

    def invoke(self, data: bytes) -> None:
        self.seen += data
        self.count += 1

    def output(self) -> bytes:
        return bytes([self.count & 0xFF]) * self.model.output_bytes

    def cycles(self) -> bytes:
        return (1000 + self.count).to_bytes(4, "little")


@given(
    inputs=st.integers(1, 5000),
    outputs=st.integers(1, 5000),
    steps=st.integers(1, 40),
    reset=st.booleans(),
    all_outputs=st.booleans(),
)
def test_any_cut_gives_the_result_of_the_whole(
    inputs: int, outputs: int, steps: int, reset: bool, all_outputs: bool
) -> None:
    loaded = model(inputs, outputs)
    device = Device(loaded)
    device.count = 5  # state left behind by others
    data = bytes(i % 251 for i in range(steps * inputs))
    request = SequenceRequest("key", data, reset=reset, all_outputs=all_outputs)
    assembler = Assembler(request)
    for part in cut(request, loaded):
        assert len(part.payload) <= MAX_PAYLOAD
        if TABLE.names[part.kind] in ("write_input", "read_output", "reset_state"):
            assert part.flags == 0
        reply = device.execute(part)
        assert len(reply) == part.reply_payload <= MAX_PAYLOAD
        assembler.add(part, reply)
    result = assembler.result()
    first = 1 if reset else 6
    counts = range(first, first + steps)
    assert device.seen == data
    assert result.key == "key"
    assert result.steps == steps
    assert result.cycles == tuple(1000 + count for count in counts)
    last = counts if all_outputs else counts[-1:]
    assert result.outputs == b"".join(bytes([count]) * outputs for count in last)


def test_a_short_sequence_is_one_request() -> None:
    (part,) = cut(SequenceRequest(0, bytes(256)), model(32, 40))
    assert (part.kind, part.flags, part.steps) == (SEQUENCE.id, RESET | ALL, 8)


def test_a_single_step_is_the_lean_message() -> None:
    (part,) = cut(SequenceRequest(0, bytes(12), reset=False), model(12, 16))
    assert (part.kind, part.flags) == (TABLE.requests["step"].id, 0)


def test_blocks_may_come_one_by_one() -> None:
    blocks = [bytes([i]) * 3 for i in range(4)]
    (part,) = cut(SequenceRequest(0, blocks), model(3, 1))
    assert part.payload == b"".join(blocks)


@pytest.mark.parametrize("length", [0, 1, 13])
def test_input_that_is_no_whole_number_of_steps_is_refused(length: int) -> None:
    with pytest.raises(StepsError, match="steps take 12 bytes"):
        list(cut(SequenceRequest(0, bytes(length)), model(12, 16)))


def test_a_reply_of_another_length_is_refused() -> None:
    request = SequenceRequest(0, bytes(12))
    (part,) = cut(request, model(12, 16))
    with pytest.raises(ValueError, match="20 were due"):
        Assembler(request).add(part, bytes(19))


@pytest.mark.parametrize(("inputs", "outputs"), [(MAX_PAYLOAD, 1), (1, MAX_PAYLOAD - 4)])
def test_what_fills_a_frame_goes_in_one(inputs: int, outputs: int) -> None:
    (part,) = cut(SequenceRequest(0, bytes(inputs)), model(inputs, outputs))
    assert part.kind == SEQUENCE.id
    assert len(list(cut(SequenceRequest(0, bytes(inputs)), model(inputs, MAX_PAYLOAD - 3)))) > 1


def test_room_is_kept_for_the_longest_refusal() -> None:
    """The firmware's longest text has 119 bytes (app/reply.cc)."""
    error = TABLE.events["error"]
    fields = {field.name: -1 if field.type == "i16" else 255 for field in error.fields}
    payload = TABLE.pack(error.fields, fields | {"text": "x" * 119})
    assert len(encode_frame(error.id, 255, 0xFFFF, payload)) == ERROR_WIRE_BYTES
