"""The board as seen through its serial port.

    device = Device(SerialTransport("/dev/ttyACM0", 115200), board="nucleo-f746zg")
    device.hello()
    device.set_baud(921600)
    device.load("0123…")                       # hash of a model in the slot
    for result in device.stream(requests):     # SequenceRequest → SequenceResult, in order
        ...

Every request is executed exactly once however much the line damages (`harness.link.window`).
Calls may be mixed with a stream that is not used up: requests are executed in the order in
which they were made.

Errors: LinkTimeout (nothing comes), ProtocolError (what comes is not the protocol),
TargetFault/DeviceReset (the board restarted; a new session is open, the model must be loaded
again), and those of `harness.link.refusals`.
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from harness.errors import DeviceReset, HilError, LinkTimeout, ProtocolError, TargetFault
from harness.link import handshake
from harness.link.counters import LinkCounters
from harness.link.framing import Frame, wire_bytes
from harness.link.messages import (
    Hello,
    LoadedModel,
    Profile,
    ProfileEntry,
    Rejection,
    SequenceRequest,
    SequenceResult,
    Status,
    TensorInfo,
)
from harness.link.protocol import DEFAULT_BAUD, MAX_PAYLOAD, TABLE, PayloadError
from harness.link.refusals import error_for
from harness.link.steps import ERROR_WIRE_BYTES, Assembler, Part, StepsError, cut
from harness.link.transport import Transport
from harness.link.window import Limits, Pending, SessionLost, Silence, Window

_ERROR = TABLE.events["error"]
_BENCHMARK_PIECE = 64  # invocations asked for in one request
_LOGS_KEPT = 200


class Device:
    """One session with one board. Not thread-safe.

    `timeout_s` [s] is how long the device may be silent while requests are unanswered; it says
    something four times a second (of its own time) unless a single Invoke takes longer.
    """

    def __init__(self, transport: Transport, *, board: str, timeout_s: float = 10.0) -> None:
        self.counters = LinkCounters()
        self.logs: deque[str] = deque(maxlen=_LOGS_KEPT)
        self.model: LoadedModel | None = None
        self._transport = transport
        self._board = board
        self._timeout_s = timeout_s
        self._hello: Hello | None = None
        self._previous: Hello | None = None  # of the session before
        self._last_input = b""
        self._window = Window(
            transport,
            self.counters,
            silence_s=timeout_s,
            on_log=self.logs.append,
            on_garbled=self._look_for_restart,
        )

    # --- session ------------------------------------------------------------------------------

    @property
    def baud(self) -> int:
        return self._transport.baud

    def hello(self, timeout_s: float = 3.0) -> Hello:
        """Starts a session; allowed at any time. What was unanswered is dropped.

        Waits up to `timeout_s` [s] and tries the default baud rate too.
        """
        self._hello = None
        self.model = None
        return self._shake_hands(timeout_s)

    def set_baud(self, baud: int) -> int:
        """Raises (or lowers) the rate on both sides; returns the rate that is in use then.

        If the board's clock cannot give the new rate, or it does not work, both sides are at the
        old one, which is returned.
        """
        old = self._transport.baud
        with self._attended():
            if baud == old:
                return old
            while self._window.outstanding:
                self._window.pump()
            if not self._accepts_baud(baud):
                return old
            self._transport.baud = baud
            if self._answers(TABLE.limits["baud_confirm_ms"] / 1000 * 0.8):
                return baud
            # The device gives the new rate up by its own clock, which may run slower than ours.
            self._transport.baud = old
            self._request("status", {})
        return old

    def reboot(self) -> Hello:
        """Restarts the board and opens a new session."""
        # BOOT may come in one piece with the reply.
        with self._attended(), contextlib.suppress(SessionLost):
            self._request("reboot", {})
        self._transport.baud = DEFAULT_BAUD
        return self.hello(self._timeout_s)

    def close(self) -> None:
        """Leaves the device at its default baud rate, if it still listens, and closes the tty."""
        if self._hello is not None and self.baud != DEFAULT_BAUD:
            with contextlib.suppress(HilError, SessionLost, Silence):
                self._request("set_baud", {"baud": DEFAULT_BAUD})
        self._transport.close()

    def status(self) -> Status:
        with self._attended():
            return Status(**self._request("status", {}))

    def clear_fault(self) -> None:
        """Forgets the fault record, so that the next HELLO has none."""
        with self._attended():
            self._request("clear_fault", {})

    def arm_fault(self, kind: str) -> None:
        """Makes the next inference fail: "undefined_instruction", "bad_read", "hang", "silent"
        ("none" disarms)."""
        with self._attended():
            self._request("self_test", {"kind": TABLE.codes["self_test"][kind]})

    # --- model --------------------------------------------------------------------------------

    def load(self, hash: str, *, preserve_all: bool = False) -> LoadedModel:
        """Makes a model of the slot current; `hash` is its SHA-256 (or the first half), in hex.

        Raises ModelMismatch if the slot does not hold it, CorruptModel, UnsupportedModel,
        ArenaTooSmall. `preserve_all` gives every tensor its own memory, for `read_tensor`.
        """
        self.model = None
        short = bytes.fromhex(hash)[:16]
        flags = TABLE.requests["load"].flags["preserve_all"] if preserve_all else 0
        with self._attended():
            fields = self._request("load", {"hash": short}, flags)
        self.model = LoadedModel.from_fields(short.hex(), fields)
        self._last_input = bytes(self.model.input_bytes)
        return self.model

    def reset_state(self) -> None:
        """Recurrent state as it was right after `load`."""
        with self._attended():
            self._request("reset_state", {})

    def step(self, inputs: bytes) -> SequenceResult:
        """One Invoke on all input tensors' bytes; state is kept."""
        return next(self.stream([SequenceRequest(None, inputs, reset=False)]))

    def stream(
        self,
        requests: Iterable[SequenceRequest],
        *,
        on_result: Callable[[SequenceResult], None] | None = None,
    ) -> Iterator[SequenceResult]:
        """Runs sequences and yields their results in order.

        Lazy: `requests` is drawn from only as far as the window allows, and nothing is sent
        before the first result is asked for. `on_result` is called before a result is yielded.
        """
        model = self._loaded()
        jobs: deque[_Job] = deque()
        with self._attended():
            for request in requests:
                job = _Job(request)
                jobs.append(job)
                for part in self._cut(request, model):
                    while not self._window.has_room(
                        wire_bytes(len(part.payload)), part.reply_bytes
                    ):
                        self._window.pump()
                        yield from self._finished(jobs, on_result)
                    job.parts.append((part, self._submit(part)))
                job.complete = True
                yield from self._finished(jobs, on_result)
            while jobs:
                self._window.wait(jobs[0].parts[-1][1])
                yield from self._finished(jobs, on_result)

    def benchmark(self, n: int, cold: bool, inputs: bytes | None = None) -> tuple[int, ...]:
        """Core cycles of each of `n` Invokes on one input (default: the last one that was sent).

        `cold`: with all caches empty before each. State moves on as it does with `step`.
        """
        self._loaded()
        entry = TABLE.requests["benchmark"]
        flags = entry.flags["cold"] if cold else 0
        data = self._last_input if inputs is None else inputs
        if 2 + len(data) > MAX_PAYLOAD:
            data = b""  # larger than a frame: on whatever the input tensors hold
        cycles: list[int] = []
        with self._attended():
            pending = []
            for first in range(0, n, _BENCHMARK_PIECE):
                count = min(_BENCHMARK_PIECE, n - first)
                payload = TABLE.pack(entry.fields, {"count": count, "input": data})
                pending.append(self._window.submit(entry.id, flags, payload, wire_bytes(4 * count)))
            for one in pending:
                cycles += self._reply_fields("benchmark", self._window.wait(one))["cycles"]
        return tuple(cycles)

    def profile(self, on: bool) -> None:
        """Starts (with an empty table) or stops measuring each operator."""
        with self._attended():
            self._request("profile", {}, TABLE.requests["profile"].flags["on"] if on else 0)

    def read_profile(self) -> Profile:
        entries: list[ProfileEntry] = []
        with self._attended():
            while True:
                fields = self._request("read_profile", {"first": len(entries)})
                entries += [ProfileEntry(**entry) for entry in fields["entries"]]
                if not fields["entries"] or len(entries) >= fields["total"]:
                    return Profile(tuple(entries), fields["dropped"])

    def read_tensor(self, subgraph: int, index: int) -> tuple[TensorInfo, bytes]:
        """A tensor by its index in the FlatBuffer, and its bytes."""
        self._loaded()
        data = b""
        with self._attended():
            while True:
                fields = self._request(
                    "read_tensor", {"subgraph": subgraph, "index": index, "offset": len(data)}
                )
                info = TensorInfo.from_fields(fields["tensor"][0])
                data += fields["data"]
                if len(data) >= info.bytes or not fields["data"]:
                    return info, data

    # --- one request --------------------------------------------------------------------------

    def _request(self, name: str, values: dict[str, Any], flags: int = 0) -> dict[str, Any]:
        entry = TABLE.requests[name]
        payload = TABLE.pack(entry.fields, values)
        pending = self._window.submit(entry.id, flags, payload, wire_bytes(MAX_PAYLOAD))
        return self._reply_fields(name, self._window.wait(pending))

    def _reply_fields(self, name: str, frame: Frame) -> dict[str, Any]:
        entry = TABLE.requests[name]
        self._check(entry.id, frame)
        try:
            return TABLE.unpack(entry.reply, frame.payload)
        except PayloadError as error:
            raise self._disagree(f"the reply to {name} does not decode: {error}") from error

    def _check(self, kind: int, frame: Frame) -> None:
        if frame.type == _ERROR.id:
            fields = TABLE.unpack(_ERROR.fields, frame.payload)
            raise error_for(Rejection.from_fields(fields), board=self._board)
        if frame.type != kind | TABLE.reply_bit:
            raise self._disagree(f"request {kind:#04x} was answered by {frame.type:#04x}")

    def _accepts_baud(self, baud: int) -> bool:
        """False if the device's clock tree cannot give the rate; it then stays where it is."""
        entry = TABLE.requests["set_baud"]
        payload = TABLE.pack(entry.fields, {"baud": baud})
        frame = self._window.wait(
            self._window.submit(entry.id, 0, payload, wire_bytes(MAX_PAYLOAD))
        )
        if frame.type == _ERROR.id:
            rejection = Rejection.from_fields(TABLE.unpack(_ERROR.fields, frame.payload))
            if rejection.error == TABLE.codes["error"]["bad_argument"]:
                return False
        self._reply_fields("set_baud", frame)
        return True

    def _answers(self, within_s: float) -> bool:
        """True if a request is answered within the time: proves a new baud rate."""
        entry = TABLE.requests["status"]
        pending = self._window.submit(entry.id, 0, b"", ERROR_WIRE_BYTES)
        deadline = time.monotonic() + within_s
        while pending.reply is None and time.monotonic() < deadline:
            self._window.pump()
        return pending.reply is not None

    # --- sequences ----------------------------------------------------------------------------

    def _cut(self, request: SequenceRequest, model: LoadedModel) -> Iterator[Part]:
        try:
            yield from cut(request, model)
        except StepsError as error:
            raise ProtocolError(
                str(error),
                remedy="Give the bytes of all input tensors of every step, in the model's order.",
                board=self._board,
            ) from error

    def _submit(self, part: Part) -> Pending:
        return self._window.submit(part.kind, part.flags, part.payload, part.reply_bytes)

    def _finished(
        self, jobs: deque[_Job], on_result: Callable[[SequenceResult], None] | None
    ) -> Iterator[SequenceResult]:
        while jobs and jobs[0].is_finished:
            job = jobs.popleft()
            assembler = Assembler(job.request)
            for part, pending in job.parts:
                assert pending.reply is not None
                self._check(part.kind, pending.reply)
                try:
                    assembler.add(part, pending.reply.payload)
                except ValueError as error:
                    raise self._disagree(str(error)) from error
            result = assembler.result()
            self._last_input = job.last_input(self._loaded().input_bytes)
            self.counters.payload_bytes_sent += job.input_bytes
            self.counters.payload_bytes_received += len(result.outputs)
            if on_result is not None:
                on_result(result)
            yield result

    def _loaded(self) -> LoadedModel:
        if self.model is None:
            raise ProtocolError("no model is loaded", remedy="Call load().", board=self._board)
        return self.model

    # --- restarts and silence -----------------------------------------------------------------

    @contextlib.contextmanager
    def _attended(self) -> Iterator[None]:
        """Turns what the window cannot solve into the error that says what happened."""
        if self._hello is None:
            self.hello()
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
            board=self._board,
        )
        # Two frames less than the store: the device makes room for any reply before it knows its
        # size, and keeps each in one piece, so that the store's end may stay unused.
        store = max(0, hello.reply_store_bytes - 2 * wire_bytes(hello.max_payload))
        self._window.restart(
            handshake.HELLO_SEQ + 1, Limits.of_device(hello.window, hello.receive_bytes, store)
        )
        self._previous, self._hello = self._hello, hello
        return hello

    def _restarted(self, hello: Hello) -> HilError:
        """The device runs again; says why it had stopped."""
        self.counters.resets += 1
        self.model = None
        before = self._previous.fault.sequence if self._previous and self._previous.fault else 0
        if hello.fault is None or hello.fault.sequence == before:
            return DeviceReset(
                f"the board restarted in mid-run (reason: {hello.reset_reason})",
                remedy="Check its power and that nobody pressed reset or attached a debugger.",
                board=self._board,
            )
        record = hello.fault
        self._request("clear_fault", {})
        return TargetFault(
            f"the processor faulted at pc={record.pc:#010x} (lr={record.lr:#010x}, "
            f"CFSR={record.cfsr:#010x}, HFSR={record.hfsr:#010x}) while executing "
            f"{record.request_name}",
            record=record,
            remedy="The report names the source line; the board has been restarted.",
            board=self._board,
        )

    def _silent(self) -> HilError:
        """Nothing came for `timeout_s`: the device may be busy, restarted or gone."""
        session = self._hello.nonce if self._hello else 0
        garbage = self._window.decoder.garbage[-32:]
        heard = f"; the last undecodable bytes were {garbage.hex(' ')}" if garbage else ""
        self.model = None
        try:
            hello = self._shake_hands(1.0)
        except LinkTimeout:
            self._hello = None
            return LinkTimeout(
                f"the board has said nothing for {self._timeout_s:g} s and does not answer "
                f"HELLO{heard}",
                remedy="An inference may hang, or the board lost power or its cable. Reset it; "
                "if a single inference may take so long, raise the time-out.",
                board=self._board,
            )
        if hello.previous_nonce != session:
            return self._restarted(hello)
        return LinkTimeout(
            f"the board did not answer a request within {self._timeout_s:g} s, but is alive",
            remedy="A single inference may take so long: raise the time-out.",
            board=self._board,
        )

    def _look_for_restart(self) -> None:
        """Damaged frames, then nothing: a restarted device talks at the default baud rate."""
        fast = self._transport.baud
        if fast == DEFAULT_BAUD:
            return
        session = self._hello.nonce if self._hello else 0
        self._transport.baud = DEFAULT_BAUD
        try:
            hello = self._shake_hands(0.5)
        except LinkTimeout:
            self._transport.baud = fast
            return
        if hello.previous_nonce != session:
            raise self._restarted(hello)
        raise Silence

    def _disagree(self, what: str) -> ProtocolError:
        return ProtocolError(
            what,
            remedy="Host and firmware disagree: build and flash the firmware of this version.",
            board=self._board,
        )


class _Job:
    """A sequence on its way."""

    def __init__(self, request: SequenceRequest) -> None:
        self.request = request
        self.parts: list[tuple[Part, Pending]] = []
        self.complete = False  # all parts were submitted

    @property
    def is_finished(self) -> bool:
        return self.complete and all(pending.reply is not None for _, pending in self.parts)

    @property
    def input_bytes(self) -> int:
        blocks = self.request.inputs
        return len(blocks) if isinstance(blocks, bytes) else sum(map(len, blocks))

    def last_input(self, size: int) -> bytes:
        blocks = self.request.inputs
        return blocks[-size:] if isinstance(blocks, bytes) else bytes(blocks[-1])
