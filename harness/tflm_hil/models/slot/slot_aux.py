"""What a slot entry says besides its model: which outputs of a single-step model are its states.

    aux = pack_states(state_pairs(inspect(content)))      # b"" for a model without any
    SlotEntry(name, content, aux)

Behind the model in the slot, read by `firmware/app/state_list.h`:

    0   u32  CRC-32 of all that follows
    4   u16  version 1             6  u16 number of records
    8   records: u16 kind, u16 length, value (a multiple of 4 bytes)

all little endian. Kind 1 is a list of states of 20 bytes each:

    0   u8   input                 1  u8  output (the interpreter's numbers)    2  u16 0
    4   f32  the input's scale     8  i32 its zero point
    12  f32  the output's scale    16 i32 its zero point

Every input that is not a state is fed from outside. The scales are the model's own (the device
refuses an entry whose scales are not); where the two ends differ, the device requantises. A kind
from 0x8000 on may be skipped by who does not know it, another may not.

The hash of an entry is that of its model. An entry with other aux data for a hash that the slot
holds already is appended like any other, and of several the last counts.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

from tflm_hil.models.tflite.states import StatePair

VERSION = 1
STATES = 1

_CRC = struct.Struct("<I")
_HEAD = struct.Struct("<HH")
_RECORD = struct.Struct("<HH")
_STATE = struct.Struct("<BBHfifi")


def pack_states(pairs: Sequence[StatePair]) -> bytes:
    """The aux data that makes the device feed these states back; nothing for no states."""
    if not pairs:
        return b""
    value = b"".join(_pack(pair) for pair in pairs)
    body = _HEAD.pack(VERSION, 1) + _RECORD.pack(STATES, len(value)) + value
    return _CRC.pack(zlib.crc32(body)) + body


def is_whole(aux: bytes) -> bool:
    """Whether aux data is what was written (or there is none)."""
    if not aux:
        return True
    return len(aux) >= _CRC.size and _CRC.unpack_from(aux)[0] == zlib.crc32(aux[_CRC.size :])


def _pack(pair: StatePair) -> bytes:
    source, target = pair.output_quantization, pair.input_quantization
    return _STATE.pack(
        pair.input,
        pair.output,
        0,
        target.scale,
        target.zero_point,
        source.scale,
        source.zero_point,
    )
