"""The sending window: many requests in flight, every reply delivered exactly once.

The device executes requests in the order of their sequence numbers and keeps the encoded replies
of the last ones. So:

- a request that got lost or damaged is reported by the device (NAK with the number it waits for):
  everything from there on is sent again;
- a reply that got lost or damaged shows as a damaged frame or as a gap: the request is sent
  again and the device repeats the reply without executing anything;
- if nothing comes at all, the oldest request is sent again (its reply may be lost) together with
  the newest (which makes the device report the first one it misses), after a time that adapts to
  the observed service time and doubles while nothing comes.

How much may be unanswered is limited three ways: by number (replies the device keeps), by bytes
of requests (three quarters of the device's receive ring, so that repetitions fit too) and by
bytes of replies (the device's reply store).

Two situations are not the window's to solve; it raises them as `SessionLost` and `Silence`, and
`tflm_hil.link.device` finds out what they mean.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from tflm_hil.link.clock import Clock
from tflm_hil.link.counters import LinkCounters
from tflm_hil.link.framing import Frame, FrameDecoder, encode_frame
from tflm_hil.link.protocol import TABLE
from tflm_hil.link.service_time import ServiceTime
from tflm_hil.link.transport import Transport

_READ_BYTES = 65536
_WRITE_BYTES = 1024  # queued bytes that are worth a write of their own
_NAK = TABLE.events["nak"]
_ERROR = TABLE.events["error"].id
_BOOT = TABLE.events["boot"].id
_LOG = TABLE.events["log"].id
_ALIVE = TABLE.events["alive"].id
_NO_SESSION = TABLE.codes["nak"]["no_session"]

_GARBLED_S = 1.0  # damage without progress for so long: the device may be back at another rate


class SessionLost(Exception):
    """The device has restarted: it said so, or it knows nothing of this session."""


class Silence(Exception):
    """Requests are unanswered and nothing has come for the time allowed."""


@dataclass(frozen=True)
class Limits:
    """How much may be unanswered at a time."""

    requests: int
    request_bytes: int
    reply_bytes: int

    @classmethod
    def of_device(cls, window: int, receive_bytes: int, reply_store_bytes: int) -> Limits:
        """Three quarters of the ring: the rest is for repetitions."""
        return cls(window, receive_bytes * 3 // 4, reply_store_bytes)


class Pending:
    """A request on its way, and its reply once that is there."""

    __slots__ = ("again_at", "kind", "order", "reply", "reply_bytes", "sent_at", "seq", "wire")

    def __init__(self, kind: int, seq: int, wire: bytes, reply_bytes: int, sent_at: float) -> None:
        self.kind = kind
        self.seq = seq
        self.wire = wire
        self.reply_bytes = reply_bytes
        self.reply: Frame | None = None
        self.sent_at = sent_at
        self.again_at = 0.0  # when it was last sent again; 0 = never
        self.order = 0  # of its last sending among all


class Window:
    """Sends requests and collects replies. Not thread-safe."""

    def __init__(
        self,
        transport: Transport,
        counters: LinkCounters,
        *,
        silence_s: float,
        on_log: Callable[[str], None],
        on_garbled: Callable[[], None],
        clock: Clock,
    ) -> None:
        self.limits = Limits(1, 0, 0)
        self.decoder = FrameDecoder()
        self._transport = transport
        self._counters = counters
        self._silence_s = silence_s
        self._on_log = on_log
        self._on_garbled = on_garbled
        self._clock = clock
        self._next_seq = 0
        self._sendings = 0
        self._pending: dict[int, Pending] = {}  # unanswered, oldest first
        # Everything from the oldest unanswered request on: the device must still hold all these
        # replies, answered or not, to be able to repeat the oldest.
        self._kept: deque[Pending] = deque()
        self._request_bytes = 0  # of `_pending`
        self._reply_bytes = 0  # of `_kept`
        self._unsent: list[bytes] = []
        self._unsent_bytes = 0
        self._service = ServiceTime()
        self._progress_at = self._clock.now()
        self._repeated_at = 0.0
        self._backoff = 1
        # Since the last progress: frames from the device that did not decode, and its reports.
        self.damaged = self.naks = 0
        self._looked_into = 0  # of `damaged`: asked for what is behind them
        self._useless_since: float | None = None  # reads brought bytes, and no progress

    @property
    def oldest(self) -> Pending | None:
        """The request that is waited for, if any."""
        return next(iter(self._pending.values()), None)

    @property
    def outstanding(self) -> int:
        """Requests that have no reply yet."""
        return len(self._pending)

    def restart(self, next_seq: int, limits: Limits) -> None:
        """A new session: nothing is outstanding, numbering goes on at `next_seq`."""
        self.limits = limits
        self.decoder = FrameDecoder()
        self._next_seq = next_seq
        self._pending.clear()
        self._kept.clear()
        self._unsent.clear()
        self._unsent_bytes = 0
        self._request_bytes = self._reply_bytes = 0
        self._service = ServiceTime()
        self._made_progress(self._clock.now())

    def has_room(self, wire_bytes: int, reply_bytes: int) -> bool:
        """True if a request and its reply, of these sizes on the line, may be sent now."""
        if not self._pending:
            return True
        return (
            len(self._kept) < self.limits.requests
            and self._request_bytes + wire_bytes <= self.limits.request_bytes
            and self._reply_bytes + reply_bytes <= self.limits.reply_bytes
        )

    def submit(self, kind: int, flags: int, payload: bytes, reply_bytes: int) -> Pending:
        """Queues a request; `reply_bytes` bounds its reply on the line. Waits for room."""
        wire = encode_frame(kind, flags, self._next_seq, payload)
        while not self.has_room(len(wire), reply_bytes):
            self.pump()
        now = self._clock.now()
        pending = Pending(kind, self._next_seq, wire, reply_bytes, now)
        idle = not self._pending
        if idle:
            self._made_progress(now)
        self._pending[pending.seq] = pending
        self._kept.append(pending)
        self._next_seq = (self._next_seq + 1) & 0xFFFF
        self._request_bytes += len(wire)
        self._reply_bytes += reply_bytes
        self._queue(pending)
        self._counters.frames_sent += 1
        if idle or self._unsent_bytes >= _WRITE_BYTES:
            self.flush()
        return pending

    def wait(self, pending: Pending) -> Frame:
        """The reply to `pending` (possibly an error frame)."""
        while pending.reply is None:
            if self._pending.get(pending.seq) is not pending:
                raise SessionLost  # another call has opened a new session meanwhile
            self.pump()
        return pending.reply

    def flush(self) -> None:
        """Hands everything queued to the line."""
        if self._unsent:
            data = b"".join(self._unsent)
            self._unsent.clear()
            self._unsent_bytes = 0
            self._counters.bytes_sent += len(data)
            self._transport.write(data)

    def pump(self) -> None:
        """Sends what is queued and waits for something to come, or for the time to repeat.

        Silence is judged after a look at the line that was taken later than the clock was read:
        a host that was kept from running finds the answers that came meanwhile.
        """
        self.flush()
        now = self._clock.now()
        due = max(self._progress_at, self._repeated_at) + self._wait_s
        # one tick later than the end of silence, so that it has passed then
        until = min(due, self._progress_at + self._silence_s + 0.001)
        if self.receive(until - now) and not self._babbles(now):
            return
        if self._pending and now - self._progress_at > self._silence_s:
            raise Silence
        damaged = self.damaged - self._looked_into
        if damaged and now - self._progress_at > _GARBLED_S:
            self._looked_into = self.damaged
            self._on_garbled()
        elif self._pending and now >= due:
            self._repeat_ends(now)

    def _babbles(self, now: float) -> bool:
        """Whether what comes without a break has been of no use for as long as silence may last;
        until then there may be an answer in what was not read yet.
        """
        if self._progress_at >= now:
            self._useless_since = None
            return False
        if self._useless_since is None:
            self._useless_since = now
        return now - self._useless_since > self._silence_s

    def receive(self, timeout_s: float) -> bool:
        """Takes in what arrives within `timeout_s` [s]; whether anything did."""
        data = self._transport.read(_READ_BYTES, self._clock.wall_s(max(0.0, timeout_s)))
        if not data:
            self._useless_since = None
            return False
        self._counters.bytes_received += len(data)
        now = self._clock.now()
        for frame in self.decoder.feed(data):
            if frame is None:
                self._counters.crc_errors += 1
                self.damaged += 1
                self._repeat_oldest_once(now)
            else:
                self._counters.frames_received += 1
                self._accept(frame, now)
        return True

    def _accept(self, frame: Frame, now: float) -> None:
        if frame.type == _ERROR or TABLE.reply_bit <= frame.type < _ALIVE:
            self._accept_reply(frame, now)
        elif frame.type == _NAK.id:
            self._accept_nak(frame)
        elif frame.type == _BOOT:
            raise SessionLost
        elif frame.type == _LOG:
            self._on_log(frame.payload[1:].decode(errors="replace"))
        elif frame.type == _ALIVE:
            self._made_progress(now)

    def _accept_reply(self, frame: Frame, now: float) -> None:
        pending = self._pending.pop(frame.seq, None)
        if pending is None:
            self._counters.duplicates += 1
            return
        pending.reply = frame
        self._request_bytes -= len(pending.wire)
        while self._kept and self._kept[0].reply is not None:
            self._reply_bytes -= self._kept.popleft().reply_bytes
        if pending.again_at == 0.0:
            self._service.add(now - max(self._progress_at, pending.sent_at))
        self._made_progress(now)
        # Replies come in order: what was sent before this one and is still unanswered was lost,
        # or its repetition was.
        for older in self._pending.values():
            if (frame.seq - older.seq) & 0xFFFF >= 0x8000:
                break
            if older.order < pending.order:
                self._repeat(older, now)

    def _accept_nak(self, frame: Frame) -> None:
        fields = TABLE.unpack(_NAK.fields, frame.payload)
        if fields["reason"] == _NO_SESSION:
            raise SessionLost
        self._counters.naks += 1
        self.naks += 1
        now = self._clock.now()
        for pending in self._pending.values():
            if (pending.seq - fields["expected"]) & 0xFFFF < 0x8000:
                self._repeat(pending, now)

    def _repeat_oldest_once(self, now: float) -> None:
        """After a damaged frame: the reply that was due next has most likely been it."""
        for pending in self._pending.values():
            if pending.again_at == 0.0:
                self._repeat(pending, now)
            break

    def _repeat_ends(self, now: float) -> None:
        self._counters.timeouts += 1
        self._backoff *= 2
        self._repeated_at = now
        ends = list(self._pending.values())
        self._repeat(ends[0], now)
        if len(ends) > 1:
            self._repeat(ends[-1], now)
        self.flush()

    def _repeat(self, pending: Pending, now: float) -> None:
        pending.again_at = now
        self._queue(pending)
        self._counters.retransmissions += 1

    @property
    def _wait_s(self) -> float:
        return self._service.wait_s * self._backoff

    def _queue(self, pending: Pending) -> None:
        self._sendings += 1
        pending.order = self._sendings
        self._unsent.append(pending.wire)
        self._unsent_bytes += len(pending.wire)

    def _made_progress(self, now: float) -> None:
        self._progress_at = now
        self._repeated_at = 0.0
        self._backoff = 1
        self.damaged = self.naks = self._looked_into = 0
