"""Frames survive the line or are noticed; nothing else comes out of the decoder."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tflm_hil.link.framing import MAX_WIRE_BYTES, Frame, FrameDecoder, encode_frame, wire_bytes
from tflm_hil.link.protocol import MAX_PAYLOAD

VECTORS = Path(__file__).parents[2] / "data" / "link_vectors.txt"

payloads = st.binary(max_size=600)
frames = st.builds(
    Frame, st.integers(0, 255), st.integers(0, 255), st.integers(0, 0xFFFF), payloads
)


def decode(*pieces: bytes) -> list[Frame | None]:
    decoder = FrameDecoder()
    return [frame for piece in pieces for frame in decoder.feed(piece)]


@given(frames)
def test_what_is_encoded_is_decoded(frame: Frame) -> None:
    wire = encode_frame(*frame)
    assert wire.index(0) == len(wire) - 1
    assert len(wire) <= wire_bytes(len(frame.payload))
    assert decode(wire) == [frame]


@pytest.mark.parametrize("size", [0, 10, 245, 247, 501])
def test_the_bound_of_a_frame_is_reached(size: int) -> None:
    """By the longest of frames without a zero in them: the window keeps no more room than that."""
    lengths = [len(encode_frame(1, 1, 0x0101 + seq, b"\xff" * size)) for seq in range(64)]
    assert max(lengths) == wire_bytes(size)


@given(st.lists(frames, max_size=5), st.lists(st.integers(1, 40), min_size=1, max_size=200))
def test_the_line_may_cut_anywhere(sent: list[Frame], cuts: list[int]) -> None:
    wire = b"".join(encode_frame(*frame) for frame in sent)
    pieces = []
    for cut in cuts:
        pieces.append(wire[:cut])
        wire = wire[cut:]
    assert decode(*pieces, wire) == sent


@given(frames, frames, st.data())
def test_one_damaged_byte_costs_one_frame_at_most_two(
    first: Frame, second: Frame, data: st.DataObject
) -> None:
    """A flipped, lost or doubled byte is never taken for content; the next frame is safe if the
    closing zero is."""
    wire = bytearray(encode_frame(*first))
    at = data.draw(st.integers(0, len(wire) - 2))
    kind = data.draw(st.sampled_from(["flip", "drop", "double"]))
    if kind == "flip":
        wire[at] ^= data.draw(st.integers(1, 255))
    elif kind == "drop":
        del wire[at]
    else:
        wire.insert(at, wire[at])
    decoded = decode(bytes(wire) + encode_frame(*second))
    assert decoded[-1] == second
    assert set(decoded[:-1]) == {None}


@given(st.binary(max_size=300))
def test_garbage_gives_no_frame(garbage: bytes) -> None:
    assert set(decode(garbage + b"\0")) <= {None}


def test_garbage_is_kept_for_the_error_message() -> None:
    decoder = FrameDecoder(keep_garbage=8)
    assert list(decoder.feed(b"Hello, world\0")) == [None]
    assert decoder.garbage == b", world\0"[-8:]


def test_an_endless_stream_without_zeros_is_cut() -> None:
    decoder = FrameDecoder()
    damaged = [frame for _ in range(100) for frame in decoder.feed(b"\xff" * 500)]
    assert damaged
    assert set(damaged) == {None}
    assert len(damaged) <= 100 * 500 // MAX_WIRE_BYTES
    good = Frame(1, 2, 3, b"")
    assert list(decoder.feed(b"\0" + encode_frame(*good)))[-1] == good


def test_the_place_of_a_damaged_frame_is_kept() -> None:
    wire = [encode_frame(1, 0, seq, b"abc") for seq in range(3)]
    wire[1] = wire[1].replace(b"abc", b"abd")
    assert [frame and frame.seq for frame in decode(b"".join(wire))] == [0, None, 2]


def test_the_bound_of_a_frame_is_reached_by_the_largest() -> None:
    assert len(encode_frame(1, 1, 0x0101, b"\1" * MAX_PAYLOAD)) <= MAX_WIRE_BYTES


@pytest.mark.parametrize(
    "line", [line for line in VECTORS.read_text().splitlines() if line.startswith("frame ")]
)
def test_golden_vectors(line: str) -> None:
    _, _, kind, flags, seq, payload, wire = line.split()
    content = b"" if payload == "-" else bytes.fromhex(payload)
    frame = Frame(int(kind), int(flags), int(seq), content)
    assert encode_frame(*frame) == bytes.fromhex(wire)
    assert decode(bytes.fromhex(wire)) == [frame]
