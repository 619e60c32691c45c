"""Frames: a header, a payload and a CRC-32 in COBS, one zero byte behind each.

    type u8 | flags u8 | seq u16 | payload | crc32 u32   (little-endian, CRC of all before it)

COBS (Cheshire and Baker, "Consistent Overhead Byte Stuffing", 1999) removes zeros at a cost of
one byte in 254, so a receiver finds the next frame after any damage at the next zero. The CRC is
the one of zlib. Both run in C.
"""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from cobs import cobs

from tflm_hil.link.protocol import MAX_PAYLOAD

HEADER_BYTES = 4
CRC_BYTES = 4
DELIMITER = b"\0"


def wire_bytes(payload_bytes: int) -> int:
    """Upper bound of a frame's length on the line."""
    body = HEADER_BYTES + payload_bytes + CRC_BYTES
    return body + body // 254 + 1 + 1


MAX_WIRE_BYTES = wire_bytes(MAX_PAYLOAD)


class Frame(NamedTuple):
    """A frame that arrived undamaged."""

    type: int
    flags: int
    seq: int
    payload: bytes


def encode_frame(kind: int, flags: int, seq: int, payload: bytes) -> bytes:
    """The bytes to send, closing zero included."""
    body = bytes((kind, flags, seq & 0xFF, seq >> 8)) + payload
    encoded: bytes = cobs.encode(body + zlib.crc32(body).to_bytes(4, "little"))
    return encoded + DELIMITER


class FrameDecoder:
    """Cuts received bytes into frames; what does not decode is kept and reported, never raised.

    `feed` yields a `Frame`, or None in the place where a damaged one stood: replies come in
    order, so the place says which one is missing.
    """

    def __init__(self, keep_garbage: int = 256) -> None:
        self._partial = bytearray()
        self._garbage: deque[int] = deque(maxlen=keep_garbage)

    @property
    def garbage(self) -> bytes:
        """The last bytes that belonged to no frame."""
        return bytes(self._garbage)

    def feed(self, data: bytes) -> Iterator[Frame | None]:
        """The frames that `data` completes, in order; None for each that is damaged."""
        pieces = data.split(DELIMITER)
        if len(pieces) > 1:
            pieces[0] = bytes(self._partial) + pieces[0]
            self._partial.clear()
        self._partial += pieces.pop()
        # decoded to the end before the caller sees any: an abandoned iterator loses nothing
        frames = [self._decode(piece) for piece in pieces if piece]
        if len(self._partial) > MAX_WIRE_BYTES:
            self._garbage.extend(self._partial)
            self._partial.clear()
            frames.append(None)
        return iter(frames)

    def _decode(self, piece: bytes) -> Frame | None:
        try:
            body = cobs.decode(piece)
        except cobs.DecodeError:
            body = b""
        if len(body) < HEADER_BYTES + CRC_BYTES or zlib.crc32(body[:-4]) != int.from_bytes(
            body[-4:], "little"
        ):
            self._garbage.extend(piece)
            self._garbage.append(0)
            return None
        return Frame(body[0], body[1], body[2] | body[3] << 8, body[4:-4])
