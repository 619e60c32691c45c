"""The board as seen through its serial port.

    device = Device(SerialTransport("/dev/ttyACM0", 115200), board="nucleo-f746zg")
    device.hello()
    device.set_baud(921600)
    device.load("0123…")                       # hash of a model in the slot
    for result in device.stream(requests):     # SequenceRequest → SequenceResult, in order
        ...

Every request is executed exactly once however much the line damages (`tflm_hil.link.window`).
Calls may be mixed with a stream that is not used up: requests are executed in the order in
which they were made.

Errors: LinkTimeout (nothing comes), ProtocolError (what comes is not the protocol),
TargetFault/DeviceReset (the board restarted; a new session is open, the model must be loaded
again), and those of `tflm_hil.link.refusals`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from tflm_hil.errors import ProtocolError
from tflm_hil.link.clock import Clock
from tflm_hil.link.counters import LinkCounters
from tflm_hil.link.framing import wire_bytes
from tflm_hil.link.messages import (
    Hello,
    LoadedModel,
    Profile,
    ProfileEntry,
    SequenceRequest,
    SequenceResult,
    Status,
    TensorInfo,
)
from tflm_hil.link.protocol import MAX_PAYLOAD, TABLE
from tflm_hil.link.session import Session
from tflm_hil.link.steps import Assembler, Part, StepsError, cut
from tflm_hil.link.transport import Transport
from tflm_hil.link.window import Pending

_BENCHMARK_PIECE = 64  # invocations asked for in one request


class Device:
    """One board. Not thread-safe.

    `timeout_s` [s] is how long the device may be silent while requests are unanswered, by `clock`
    (None: wall time); it says something four times a second (of its own time) unless a single
    Invoke takes longer.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        board: str,
        timeout_s: float = 10.0,
        clock: Clock | None = None,
    ) -> None:
        self._session = Session(transport, board=board, timeout_s=timeout_s, clock=clock)
        self._model: LoadedModel | None = None
        self._model_nonce = 0
        self._last_input = b""

    # --- session ------------------------------------------------------------------------------

    @property
    def baud(self) -> int:
        """Of the host's side, which is the device's nominal one."""
        return self._session.baud

    @property
    def counters(self) -> LinkCounters:
        """Counts of this side of the line, since the session object was made."""
        return self._session.counters

    @property
    def logs(self) -> deque[str]:
        """What the device said without being asked, the latest last."""
        return self._session.logs

    @property
    def model(self) -> LoadedModel | None:
        """The model that `load` made current, None after a restart or `hello`."""
        return self._model if self._model_nonce == self._session.nonce else None

    def hello(self, timeout_s: float = 3.0) -> Hello:
        """Starts a session; allowed at any time. What was unanswered is dropped.

        Waits up to `timeout_s` [s] and tries the default baud rate too.
        """
        return self._session.open(timeout_s)

    def set_baud(self, baud: int) -> int:
        """Raises (or lowers) the rate on both sides; returns the rate that is in use then.

        If the board's clock cannot give the new rate, or it does not work, both sides are at the
        old one, which is returned.
        """
        return self._session.set_baud(baud)

    def reboot(self) -> Hello:
        """Restarts the board and opens a new session."""
        return self._session.reboot()

    def close(self) -> None:
        """Leaves the device at its default baud rate, if it still listens, and closes the tty."""
        self._session.close()

    def status(self) -> Status:
        """Counters of the device since it started. Raises LinkError, DeviceError."""
        with self._session.attended():
            return Status(**self._session.request("status", {}))

    def clear_fault(self) -> None:
        """Forgets the fault record, so that the next HELLO has none."""
        with self._session.attended():
            self._session.request("clear_fault", {})

    def arm_fault(self, kind: str) -> None:
        """Makes the next inference fail: "undefined_instruction", "bad_read", "hang", "silent"
        ("none" disarms).
        """
        with self._session.attended():
            self._session.request("self_test", {"kind": TABLE.codes["self_test"][kind]})

    # --- model --------------------------------------------------------------------------------

    def load(
        self, hash: str, *, preserve_all: bool = False, raw_states: bool = False
    ) -> LoadedModel:
        """Makes a model of the slot current; `hash` is its SHA-256 (or the first half), in hex.

        Raises ModelMismatch if the slot does not hold it, CorruptModel, UnsupportedModel,
        ArenaTooSmall. `preserve_all` gives every tensor its own memory, for `read_tensor`.
        `raw_states` leaves the states of a single-step model to the host: they are inputs and
        outputs as the others, all in the model's order.
        """
        self._model = None
        short = bytes.fromhex(hash)[:16]
        bits = TABLE.requests["load"].flags
        flags = bits["preserve_all"] * preserve_all | bits["raw_states"] * raw_states
        with self._session.attended():
            fields = self._session.request("load", {"hash": short}, flags)
        self._model = LoadedModel.from_fields(short.hex(), fields)
        self._model_nonce = self._session.nonce
        self._last_input = bytes(self._model.input_bytes)
        return self._model

    def reset_state(self) -> None:
        """Recurrent state as it was right after `load`."""
        with self._session.attended():
            self._session.request("reset_state", {})

    def step(self, inputs: bytes) -> SequenceResult:
        """One Invoke on all input tensors' bytes; state is kept."""
        return next(self.stream([SequenceRequest(None, inputs, reset=False)]))

    def stream(self, requests: Iterable[SequenceRequest]) -> Iterator[SequenceResult]:
        """Runs sequences and yields their results in order.

        Lazy: `requests` is drawn from only as far as the window allows, and nothing is sent
        before the first result is asked for.
        """
        model = self._loaded()
        jobs: deque[_Job] = deque()
        with self._session.attended():
            for request in requests:
                job = _Job(request)
                jobs.append(job)
                for part in self._cut(request, model):
                    while not self._session.window.has_room(
                        wire_bytes(len(part.payload)), part.reply_bytes
                    ):
                        self._session.window.pump()
                        yield from self._finished(jobs)
                    job.parts.append((part, self._submit(part)))
                job.complete = True
                yield from self._finished(jobs)
            while jobs:
                self._session.window.wait(jobs[0].parts[-1][1])
                yield from self._finished(jobs)

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
        with self._session.attended():
            pending = []
            for first in range(0, n, _BENCHMARK_PIECE):
                count = min(_BENCHMARK_PIECE, n - first)
                payload = TABLE.pack(entry.fields, {"count": count, "input": data})
                pending.append(
                    self._session.window.submit(entry.id, flags, payload, wire_bytes(4 * count))
                )
            for one in pending:
                cycles += self._session.fields("benchmark", self._session.window.wait(one))[
                    "cycles"
                ]
        return tuple(cycles)

    def profile(self, on: bool) -> None:
        """Starts (with an empty table) or stops measuring each operator."""
        with self._session.attended():
            self._session.request("profile", {}, TABLE.requests["profile"].flags["on"] if on else 0)

    def read_profile(self) -> Profile:
        """All operators that ran since `profile(True)`, with their calls and cycles."""
        entries: list[ProfileEntry] = []
        with self._session.attended():
            while True:
                fields = self._session.request("read_profile", {"first": len(entries)})
                entries += [ProfileEntry(**entry) for entry in fields["entries"]]
                if not fields["entries"] or len(entries) >= fields["total"]:
                    return Profile(tuple(entries), fields["dropped"])

    def read_tensor(self, subgraph: int, index: int) -> tuple[TensorInfo, bytes]:
        """A tensor by its index in the FlatBuffer, and its bytes."""
        self._loaded()
        data = b""
        with self._session.attended():
            while True:
                fields = self._session.request(
                    "read_tensor", {"subgraph": subgraph, "index": index, "offset": len(data)}
                )
                info = TensorInfo.from_fields(fields["tensor"][0])
                data += fields["data"]
                if len(data) >= info.bytes or not fields["data"]:
                    return info, data

    # --- sequences ----------------------------------------------------------------------------

    def _cut(self, request: SequenceRequest, model: LoadedModel) -> Iterator[Part]:
        try:
            yield from cut(request, model)
        except StepsError as error:
            raise ProtocolError(
                str(error),
                remedy="give the bytes of all input tensors of every step, in the model's order",
                board=self._session.board,
            ) from error

    def _submit(self, part: Part) -> Pending:
        return self._session.window.submit(part.kind, part.flags, part.payload, part.reply_bytes)

    def _finished(self, jobs: deque[_Job]) -> Iterator[SequenceResult]:
        while jobs and jobs[0].is_finished:
            job = jobs.popleft()
            assembler = Assembler(job.request)
            for part, pending in job.parts:
                assert pending.reply is not None
                self._session.check(part.kind, pending.reply)
                try:
                    assembler.add(part, pending.reply.payload)
                except ValueError as error:
                    raise self._session.disagree(str(error)) from error
            result = assembler.result()
            self._last_input = job.last_input(self._loaded().input_bytes)
            self.counters.payload_bytes_sent += job.input_bytes
            self.counters.payload_bytes_received += len(result.outputs)
            yield result

    def _loaded(self) -> LoadedModel:
        model = self.model
        if model is None:
            raise ProtocolError(
                "no model is loaded", remedy="call load()", board=self._session.board
            )
        return model


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
