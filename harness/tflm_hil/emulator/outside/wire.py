"""The debug-port protocol between an emulated board and its clients, as bytes.

A request is six bytes, little endian: `op u8, arg u8, value u32`. `arg` is the register address
(A[3:2] of the SWD packet, for an AP the bank comes from SELECT as on the wire). Some requests are
followed by data:

    WRITE_AP_MULTIPLE   value = count, then count words
    CONTROL             value = length in bytes, then that much JSON

Writes and the reset line are posted: they have no reply. Everything else is answered by
`status u8` and a fixed number of words (one for a single read, `count` for READ_AP_MULTIPLE), also
when the status is a fault, so that a stream never loses its place. A fault of a posted write is
reported by the next reply, as on a real probe. CONTROL is answered by `status u8, length u32,
JSON`.
"""

from __future__ import annotations

import struct
from enum import IntEnum

REQUEST = struct.Struct("<BBI")
CONTROL_REPLY = struct.Struct("<BI")
STATUS_OK = 0
STATUS_FAULT = 1

# A JSON request or a block transfer longer than this is a broken stream, not a request.
MAX_CONTROL_BYTES = 1 << 20
MAX_BLOCK_WORDS = 1 << 20


class Op(IntEnum):
    """What a request asks for."""

    READ_DP = 1
    WRITE_DP = 2
    READ_AP = 3
    WRITE_AP = 4
    READ_AP_MULTIPLE = 5
    WRITE_AP_MULTIPLE = 6
    NRESET = 7
    CONTROL = 8


def pack_words(values: list[int]) -> bytes:
    """Words as they go over the socket."""
    return struct.pack(f"<{len(values)}I", *values)


def unpack_words(data: bytes) -> list[int]:
    """Words as they came from the socket; `len(data)` is a multiple of 4."""
    return list(struct.unpack(f"<{len(data) // 4}I", data))
