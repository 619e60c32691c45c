"""HELLO: starting a session at whatever baud rate the device listens to.

The nonce is new every time and the device repeats it, so an answer to an older HELLO cannot be
taken for this one.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence

from tflm_hil.errors import LinkTimeout, ProtocolError
from tflm_hil.link.counters import LinkCounters
from tflm_hil.link.framing import DELIMITER, FrameDecoder, encode_frame
from tflm_hil.link.messages import Hello
from tflm_hil.link.protocol import TABLE, PayloadError
from tflm_hil.link.transport import Transport

_HELLO = TABLE.requests["hello"]
_BOOT = TABLE.events["boot"].id
HELLO_SEQ = 0

_ATTEMPT_S = 0.25


def shake_hands(
    transport: Transport,
    counters: LinkCounters,
    *,
    bauds: Sequence[int],
    timeout_s: float,
    board: str,
) -> Hello:
    """Tries `bauds` in turn until the device answers; leaves the transport at that rate.

    Raises LinkTimeout after `timeout_s` [s], ProtocolError if another version answers.
    """
    decoder = FrameDecoder()
    first = transport.baud
    deadline = time.monotonic() + timeout_s
    attempt_s = _ATTEMPT_S
    # One nonce for all attempts: a device that was only slow answers each and keeps one session.
    nonce = secrets.randbits(32) | 1
    while time.monotonic() < deadline:
        for baud in dict.fromkeys(bauds):
            if transport.baud != baud:
                transport.baud = baud
            wait_s = min(attempt_s, max(0.0, deadline - time.monotonic()))
            hello = _attempt(transport, counters, decoder, nonce, wait_s, board)
            if hello is not None:
                return hello
        attempt_s *= 2
    transport.baud = first
    raise LinkTimeout(_silence(transport.name, decoder.garbage, bauds), board=board, remedy=REMEDY)


REMEDY = (
    "check that the board has power, that the firmware is on it (`hil flash`), that this is its "
    "port and that no other program reads it; then reset the board"
)


def _attempt(
    transport: Transport,
    counters: LinkCounters,
    decoder: FrameDecoder,
    nonce: int,
    wait_s: float,
    board: str,
) -> Hello | None:
    payload = TABLE.pack(_HELLO.fields, {"nonce": nonce})
    # The zero in front ends whatever the device may have half received.
    wire = DELIMITER + encode_frame(_HELLO.id, 0, HELLO_SEQ, payload)
    until = time.monotonic() + wait_s
    send = True
    while (now := time.monotonic()) < until:
        if send:
            transport.write(wire)
            counters.frames_sent += 1
            counters.bytes_sent += len(wire)
            send = False
        data = transport.read(65536, until - now)
        counters.bytes_received += len(data)
        for frame in decoder.feed(data):
            if frame is None:
                counters.crc_errors += 1
                continue
            counters.frames_received += 1
            if frame.type == _BOOT:
                send = True  # it has just started: the HELLO may have come too early
            if frame.type == _HELLO.id | TABLE.reply_bit and frame.payload[:4] == nonce.to_bytes(
                4, "little"
            ):
                return _parse(frame.payload, board)
    return None


def _parse(payload: bytes, board: str) -> Hello:
    version = payload[8] if len(payload) > 8 else None
    if version != TABLE.version:
        raise ProtocolError(
            f"the firmware speaks protocol {version}, this host {TABLE.version}",
            remedy="build and flash the firmware of this version (`hil flash`)",
            board=board,
        )
    try:
        return Hello.from_fields(TABLE.unpack(_HELLO.reply, payload))
    except PayloadError as error:
        raise ProtocolError(
            f"the firmware's HELLO does not decode: {error}",
            remedy="build and flash the firmware of this version (`hil flash`)",
            board=board,
        ) from error


def _silence(port: str, garbage: bytes, bauds: Sequence[int]) -> str:
    rates = ", ".join(str(baud) for baud in dict.fromkeys(bauds))
    heard = f"; what came was not a frame: {garbage[-32:].hex(' ')}" if garbage else ""
    return f"nothing answers on {port} at {rates} baud{heard}"
