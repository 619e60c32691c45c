"""A session with the device: opened by HELLO, numbered requests, and what to make of its end.

The window sends and repeats (`tflm_hil.link.window`); this knows what requests and replies mean
in general, and finds out what happened when the device restarts or falls silent:

- it says that it has started, or knows nothing of the session: a new one is opened and its HELLO
  brings the fault record, if there is one → TargetFault or DeviceReset;
- damaged frames, then nothing: a restarted device talks at the default baud rate;
- else what was counted on the line says why (`tflm_hil.link.silence`) → a kind of LinkTimeout.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tflm_hil.device_answers import FaultRecord, LineFacts, Rejection
from tflm_hil.errors import (
    AnswerTooLate,
    DeviceReset,
    HilError,
    LinkTimeout,
    NoisyLine,
    ProtocolError,
    TargetFault,
)
from tflm_hil.link import handshake, silence
from tflm_hil.link.clock import Clock, WallClock
from tflm_hil.link.counters import LinkCounters
from tflm_hil.link.framing import Frame, wire_bytes
from tflm_hil.link.messages import Hello, Status, rejection
from tflm_hil.link.protocol import DEFAULT_BAUD, MAX_PAYLOAD, TABLE, PayloadError
from tflm_hil.link.refusals import error_for
from tflm_hil.link.steps import ERROR_WIRE_BYTES
from tflm_hil.link.transport import Transport
from tflm_hil.link.window import Limits, SessionLost, Silence, Window

_ERROR = TABLE.events["error"]
_BAD_ARGUMENT = TABLE.codes["error"]["bad_argument"]
_CONFIRM_S = TABLE.limits["baud_confirm_ms"] / 1000
_LOGS_KEPT = 200


class Session:
    """Requests by name, replies as fields. `board` names the board in errors."""

    def __init__(
        self, transport: Transport, *, board: str, timeout_s: float, clock: Clock | None = None
    ) -> None:
        self.board = board
        self.counters = LinkCounters()
        self.logs: deque[str] = deque(maxlen=_LOGS_KEPT)
        self._transport = transport
        self._timeout_s = timeout_s
        self._clock = clock or WallClock()
        self._hello: Hello | None = None
        self._known_fault: FaultRecord | None = None  # of the HELLO before
        self.window = Window(
            transport,
            self.counters,
            silence_s=timeout_s,
            clock=self._clock,
            on_log=self.logs.append,
            on_garbled=self._look_for_restart,
        )

    @property
    def baud(self) -> int:
        """The baud rate that the host's side is set to."""
        return self._transport.baud

    @property
    def nonce(self) -> int:
        """Names the session; 0 while there is none. The device keeps a model no longer."""
        return self._hello.nonce if self._hello else 0

    # --- opening and closing ------------------------------------------------------------------

    def open(self, timeout_s: float) -> Hello:
        """A new session, whatever was before. Raises LinkTimeout, ProtocolError."""
        self._hello = None
        return self._shake_hands(timeout_s)

    def reboot(self) -> Hello:
        """Restarts the board and opens a new session."""
        # BOOT may come in one piece with the reply.
        with self.attended(), contextlib.suppress(SessionLost):
            self.request("reboot", {})
        self._transport.baud = DEFAULT_BAUD
        return self.open(self._timeout_s)

    def close(self) -> None:
        """Leaves the device at its default baud rate, if it still listens, and closes the tty."""
        if self._hello is not None and self.baud != DEFAULT_BAUD:
            with contextlib.suppress(HilError, SessionLost, Silence):
                self.request("set_baud", {"baud": DEFAULT_BAUD})
        self._transport.close()

    def set_baud(self, baud: int) -> int:
        """See `Device.set_baud`."""
        old = self._transport.baud
        with self.attended():
            if baud == old:
                return old
            while self.window.outstanding:
                self.window.pump()
            if not self._accepts_baud(baud):
                return old
            self._transport.baud = baud
            # The device gives the new rate up by its own clock, which may run slower than ours:
            # we are the first to go back.
            if self._answers(_CONFIRM_S * 0.8):
                return baud
            self._transport.baud = old
            self.request("status", {})
        return old

    # --- requests -----------------------------------------------------------------------------

    def request(self, name: str, values: dict[str, Any], flags: int = 0) -> dict[str, Any]:
        """Sends a request and returns its reply's fields. Raises what the refusal means."""
        return self.fields(name, self._exchange(name, values, flags))

    def fields(self, name: str, frame: Frame) -> dict[str, Any]:
        """The fields of a reply to the request `name`."""
        entry = TABLE.requests[name]
        self.check(entry.id, frame)
        try:
            return TABLE.unpack(entry.reply, frame.payload)
        except PayloadError as error:
            raise self.disagree(f"the reply to {name} does not decode: {error}") from error

    def check(self, kind: int, frame: Frame) -> None:
        """Raises what the device's refusal means, if `frame` is one; ProtocolError if it is not
        the reply to a request of type `kind`.
        """
        if frame.type == _ERROR.id:
            raise error_for(_rejection(frame), board=self.board)
        if frame.type != kind | TABLE.reply_bit:
            raise self.disagree(f"request {kind:#04x} was answered by {frame.type:#04x}")

    def disagree(self, what: str) -> ProtocolError:
        """What came is not what this version of the protocol allows."""
        return ProtocolError(
            what,
            remedy="build and flash the firmware of this version: host and firmware disagree",
            board=self.board,
        )

    def _exchange(self, name: str, values: dict[str, Any], flags: int = 0) -> Frame:
        entry = TABLE.requests[name]
        payload = TABLE.pack(entry.fields, values)
        return self.window.wait(
            self.window.submit(entry.id, flags, payload, wire_bytes(MAX_PAYLOAD))
        )

    def _accepts_baud(self, baud: int) -> bool:
        """False if the device's clock tree cannot give the rate; it then stays where it is."""
        frame = self._exchange("set_baud", {"baud": baud})
        if frame.type == _ERROR.id and _rejection(frame).error == _BAD_ARGUMENT:
            return False
        self.fields("set_baud", frame)
        return True

    def _answers(self, within_s: float) -> bool:
        """True if a request is answered within the time: proves a new baud rate."""
        pending = self.window.submit(TABLE.requests["status"].id, 0, b"", ERROR_WIRE_BYTES)
        deadline = self._clock.now() + within_s
        while pending.reply is None and self._clock.now() < deadline:
            self.window.pump()
        return pending.reply is not None

    # --- restarts and silence -----------------------------------------------------------------

    @contextlib.contextmanager
    def attended(self) -> Iterator[None]:
        """Opens a session if there is none, and turns what the window cannot solve into the error
        that says what happened.
        """
        if self._hello is None:
            self.open(self._timeout_s)
        try:
            yield
        except SessionLost:
            raise self._restarted(self._shake_hands(self._timeout_s)) from None
        except Silence:
            raise self._silent() from None

    def _shake_hands(self, timeout_s: float) -> Hello:
        hello = handshake.shake_hands(
            self._transport,
            self.counters,
            bauds=(self._transport.baud, DEFAULT_BAUD),
            timeout_s=timeout_s,
            board=self.board,
            clock=self._clock,
        )
        # Two frames less than the store: the device makes room for any reply before it knows its
        # size, and keeps each in one piece, so that the store's end may stay unused.
        store = max(0, hello.reply_store_bytes - 2 * wire_bytes(hello.max_payload))
        self.window.restart(
            handshake.HELLO_SEQ + 1, Limits.of_device(hello.window, hello.receive_bytes, store)
        )
        if self._hello is not None:
            self._known_fault = self._hello.fault
        self._hello = hello
        return hello

    def _restarted(self, hello: Hello) -> HilError:
        """The device runs again; says why it had stopped."""
        self.counters.resets += 1
        record = hello.fault
        known = self._known_fault.sequence if self._known_fault else 0
        if record is None or record.sequence == known:
            return DeviceReset(
                f"the board restarted in mid-run (reason: {hello.reset_reason})",
                remedy="check its power and that nobody pressed reset or attached a debugger",
                board=self.board,
            )
        with contextlib.suppress(SessionLost, Silence):
            self.request("clear_fault", {})
        return TargetFault(
            f"the processor faulted at pc={record.pc:#010x} (lr={record.lr:#010x}, "
            f"CFSR={record.cfsr:#010x}, HFSR={record.hfsr:#010x}) while executing "
            f"{record.request_name}",
            record=record,
            remedy="look up the source line in the report; the board has been restarted",
            board=self.board,
        )

    def _silent(self) -> HilError:
        """Nothing came for the time allowed: the device may be busy, restarted or gone."""
        nonce, oldest = self.nonce, self.window.oldest
        asked = TABLE.names.get(oldest.kind, "") if oldest else ""
        facts = LineFacts(
            self.baud,
            damaged=self.window.damaged,
            naks=self.window.naks,
            sample=self.window.decoder.garbage,
        )
        try:
            hello = self._shake_hands(1.0)
        except LinkTimeout as error:
            self._hello = None
            return self._unreachable(asked, facts, error)
        if hello.previous_nonce != nonce:
            return self._restarted(hello)
        return silence.request_unanswered(
            asked, self._timeout_s, self._with_counts(facts), alive=True, board=self.board
        )

    def _unreachable(self, asked: str, facts: LineFacts, hello: LinkTimeout) -> LinkTimeout:
        """HELLO was not answered either: what came then counts, too."""
        later = hello.line
        if later is not None and later.heard and not isinstance(hello, AnswerTooLate):
            if not isinstance(hello, NoisyLine) and not facts.damaged:
                return hello
            facts = replace(facts, damaged=facts.damaged + later.damaged)
        return silence.request_unanswered(
            asked, self._timeout_s, facts, alive=False, board=self.board
        )

    def _with_counts(self, facts: LineFacts) -> LineFacts:
        """With what the device has counted itself, if it says so."""
        try:
            status = Status(**self.request("status", {}))
        except (HilError, SessionLost, Silence):
            return facts
        return replace(
            facts,
            device_damaged=status.frames_damaged,
            device_overruns=status.overruns,
            device_framing_errors=status.framing_errors,
        )

    def _look_for_restart(self) -> None:
        """Damaged frames, then nothing: a restarted device talks at the default baud rate."""
        fast, nonce = self._transport.baud, self.nonce
        if fast == DEFAULT_BAUD:
            return
        self._transport.baud = DEFAULT_BAUD
        try:
            hello = self._shake_hands(0.5)
        except LinkTimeout:
            self._transport.baud = fast
            return
        if hello.previous_nonce != nonce:
            raise self._restarted(hello)
        raise Silence


def _rejection(frame: Frame) -> Rejection:
    return rejection(TABLE.unpack(_ERROR.fields, frame.payload))
