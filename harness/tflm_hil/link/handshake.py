"""HELLO: starting a session at whatever baud rate the device listens to.

The nonce is new every time and the device repeats it, so an answer to an older HELLO cannot be
taken for this one.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from tflm_hil.device_answers import LineFacts
from tflm_hil.errors import ProtocolError
from tflm_hil.link import silence
from tflm_hil.link.clock import Clock
from tflm_hil.link.counters import LinkCounters
from tflm_hil.link.framing import DELIMITER, Frame, FrameDecoder, encode_frame
from tflm_hil.link.messages import Hello
from tflm_hil.link.protocol import TABLE, PayloadError
from tflm_hil.link.transport import Transport

_HELLO = TABLE.requests["hello"]
_BOOT = TABLE.events["boot"].id
HELLO_SEQ = 0

_ATTEMPT_S = 0.25
_REPEATS = 8  # in one attempt, after damage: noise needs several, babble must not feed itself
_READ_BYTES = 65536
_TAIL_BYTES = 256  # of what came, to be looked at


def shake_hands(
    transport: Transport,
    counters: LinkCounters,
    *,
    bauds: Sequence[int],
    timeout_s: float,
    board: str,
    clock: Clock,
) -> Hello:
    """Tries `bauds` in turn until the device answers; leaves the transport at that rate.

    Raises LinkTimeout after `timeout_s` [s] of `clock`, as the one of its classes that what came
    meanwhile speaks for (`tflm_hil.link.silence`); ProtocolError if another version answers.
    """
    first = transport.baud
    greeting = _Greeting(transport, counters, clock, board)
    deadline = clock.now() + timeout_s
    attempt_s = _ATTEMPT_S
    while clock.now() < deadline:
        for baud in dict.fromkeys(bauds):
            if transport.baud != baud:
                transport.baud = baud
            wait_s = min(attempt_s, max(0.0, deadline - clock.now()))
            hello = greeting.attempt(wait_s)
            if hello is not None:
                return hello
        attempt_s *= 2
    transport.baud = first
    raise silence.hello_unanswered(
        transport.name,
        greeting.facts(first),
        bauds,
        whole_frames_before=greeting.knows_frames,
        board=board,
    )


class _Greeting:
    """All attempts of one HELLO, and what came meanwhile."""

    def __init__(
        self, transport: Transport, counters: LinkCounters, clock: Clock, board: str
    ) -> None:
        self._transport, self._counters, self._clock = transport, counters, clock
        self._board = board
        self._decoder = FrameDecoder()
        # One nonce for all attempts: a device that was only slow answers each and keeps one
        # session. Without a zero byte COBS leaves it as it is: it shows in a damaged answer too.
        self._nonce = bytes(secrets.choice(range(1, 256)) for _ in range(4))
        payload = TABLE.pack(_HELLO.fields, {"nonce": int.from_bytes(self._nonce, "little")})
        # The zero in front ends whatever the device may have half received.
        self._wire = DELIMITER + encode_frame(_HELLO.id, 0, HELLO_SEQ, payload)
        self._heard = self._intact = self._damaged = 0
        self._tails: dict[int, bytes] = {}  # by the rate at which it was listened to
        self._seen_nonce = False

    @property
    def knows_frames(self) -> bool:
        """Something of what came was a frame of ours, or had been one."""
        return self._intact > 0 or self._seen_nonce

    def facts(self, baud: int) -> LineFacts:
        """What was counted."""
        sample = max(self._tails.values(), key=silence.readable_share, default=b"")
        return LineFacts(baud, self._heard, self._intact, self._damaged, sample=sample)

    def attempt(self, wait_s: float) -> Hello | None:
        """Send HELLO and wait for the answer [s]."""
        self._send()
        repeats = _REPEATS
        until = self._clock.now() + wait_s
        while True:
            now = self._clock.now()  # before the look: what has come by then is found
            data = self._transport.read(_READ_BYTES, self._clock.wall_s(max(0.0, until - now)))
            if not data and now >= until:
                return None
            if data and now >= until + wait_s + _ATTEMPT_S:
                return None  # it never stops, and what is waited for is not among it
            again = False
            for frame in self._take(data):
                if frame is not None and _answers(frame, self._nonce):
                    return _parse(frame.payload, self._board)
                # Damaged: the answer, or BOOT; and after BOOT the HELLO may have come too early.
                again = again or frame is None or frame.type == _BOOT
            if again and repeats:
                repeats -= 1
                self._send()

    def _send(self) -> None:
        self._transport.write(self._wire)
        self._counters.frames_sent += 1
        self._counters.bytes_sent += len(self._wire)

    def _take(self, data: bytes) -> list[Frame | None]:
        self._counters.bytes_received += len(data)
        self._heard += len(data)
        tail = self._tails.get(self._transport.baud, b"") + data
        self._seen_nonce = self._seen_nonce or self._nonce in tail
        self._tails[self._transport.baud] = tail[-_TAIL_BYTES:]
        frames = list(self._decoder.feed(data))
        damaged = frames.count(None)
        self._damaged += damaged
        self._intact += len(frames) - damaged
        self._counters.crc_errors += damaged
        self._counters.frames_received += len(frames) - damaged
        return frames


def _answers(frame: Frame, nonce: bytes) -> bool:
    return frame.type == _HELLO.id | TABLE.reply_bit and frame.payload[:4] == nonce


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
