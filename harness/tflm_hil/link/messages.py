"""What the device says, as frozen dataclasses.

`from_fields(...)` of each class takes the fields that `protocol.Protocol.unpack` returns.
Units: bytes, core cycles, Hz; a `hash` is the hexadecimal form of the first 16 bytes of the
model's SHA-256.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from tflm_hil.device_answers import FaultRecord, Rejection
from tflm_hil.link.protocol import TABLE

# TFLite schema TensorType → numpy dtype name (schema.fbs, enum TensorType).
DTYPE_NAMES = {
    0: "float32",
    1: "float16",
    2: "int32",
    3: "uint8",
    4: "int64",
    6: "bool",
    7: "int16",
    9: "int8",
    13: "resource",
}

_RESET_REASONS = {number: name for name, number in TABLE.codes["reset_reason"].items()}
_STATUS_NAMES = {number: name for name, number in TABLE.codes["status"].items()}


def fault_record(fields: dict[str, Any]) -> FaultRecord:
    """The fault record of a HELLO, with the name of the request that was being executed."""
    fields = dict(fields)
    request = fields.pop("request")  # message type and sequence number in one word
    return FaultRecord(
        **fields,
        request_name=TABLE.names.get(request >> 16, "idle"),
        request_seq=request & 0xFFFF,
    )


def rejection(fields: dict[str, Any]) -> Rejection:
    """An error reply, with names for its request and its engine status."""
    return Rejection(
        **{
            **fields,
            "request": TABLE.names.get(fields["request"], f"{fields['request']:#04x}"),
            "status": _STATUS_NAMES.get(fields["status"], f"status {fields['status']}"),
        }
    )


@dataclass(frozen=True)
class Hello:
    """Identity and circumstances of the running firmware."""

    protocol: int
    build_id: str  # hexadecimal GNU build-id, "" on the desktop build
    board: str
    engine: str
    engine_version: str
    kernels: str
    compiler: str
    flags: str  # of the compiler
    core_clock_hz: int
    serial_clock_hz: int
    baud: int
    flash_wait_states: int
    art: bool
    icache: bool
    dcache: bool
    reset_reason: str  # "power_on", "pin", "software", "watchdog", "low_power", "other"
    arena_bytes: int
    slot_bytes: int
    stack_bytes: int
    receive_bytes: int  # the device's receive ring
    reply_store_bytes: int
    window: int  # requests that may be unanswered
    max_payload: int
    nonce: int
    previous_nonce: int  # of the session before this one, 0 if none since the device started
    fault: FaultRecord | None  # of the last fault, if not cleared since

    @classmethod
    def from_fields(cls, fields: dict[str, Any]) -> Hello:
        """Names for numbers, and the bits of `caches` as fields."""
        fields = dict(fields)
        caches = fields.pop("caches")
        faults = fields.pop("fault")
        fields["flags"] = fields.pop("compiler_flags")
        fields["build_id"] = fields["build_id"].hex()
        fields["reset_reason"] = _RESET_REASONS.get(fields["reset_reason"], "other")
        for name, bit in TABLE.bits["caches"].items():
            fields[name] = bool(caches & bit)
        return cls(
            **fields,
            fault=fault_record(faults[0]) if faults else None,
        )


@dataclass(frozen=True)
class TensorInfo:
    """A tensor as the engine has it."""

    index: int  # the model's number of this input or output; for read_tensor: of the subgraph
    name: str
    type: str  # numpy dtype name
    shape: tuple[int, ...]
    scale: float  # 0.0 if not quantised (or per channel)
    zero_point: int
    bytes: int

    @classmethod
    def from_fields(cls, fields: dict[str, Any]) -> TensorInfo:
        """The type by its numpy name."""
        return cls(
            index=fields["index"],
            name=fields["name"],
            type=DTYPE_NAMES.get(fields["type"], f"type{fields['type']}"),
            shape=tuple(dim["size"] for dim in fields["shape"]),
            scale=fields["scale"],
            zero_point=fields["zero_point"],
            bytes=fields["bytes"],
        )


@dataclass(frozen=True)
class StateInfo:
    """A state that the device itself feeds back from an output to an input, step by step."""

    input: int  # the model's numbers of both
    output: int
    scale: float  # of the input; 0.0 if not quantised
    zero_point: int
    bytes: int


@dataclass(frozen=True)
class LoadedModel:
    """The model that LOAD made current, with its use of the tensor arena.

    `inputs` are those that the host feeds, `outputs` all of them: those that the device feeds
    back come last, in the order of `states`.
    """

    hash: str
    name: str
    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]
    arena_bytes: int
    activation_bytes: int
    state_bytes: int  # the engine's, and what is fed back
    op_count: int
    states: tuple[StateInfo, ...] = ()

    @classmethod
    def from_fields(cls, hash_hex: str, fields: dict[str, Any]) -> LoadedModel:
        """Tensors and states as records."""
        return cls(
            hash=hash_hex,
            **{
                **fields,
                "inputs": tuple(map(TensorInfo.from_fields, fields["inputs"])),
                "outputs": tuple(map(TensorInfo.from_fields, fields["outputs"])),
                "states": tuple(StateInfo(**state) for state in fields["states"]),
            },
        )

    @property
    def input_bytes(self) -> int:
        """Bytes of one step's input: all input tensors, one behind the other."""
        return sum(tensor.bytes for tensor in self.inputs)

    @property
    def output_bytes(self) -> int:
        """Bytes of one step's output: all output tensors, one behind the other."""
        return sum(tensor.bytes for tensor in self.outputs)


@dataclass(frozen=True)
class SequenceRequest:
    """Steps to run one after the other; a whole-window model has sequences of one step."""

    key: Hashable  # comes back in the result
    inputs: bytes | Sequence[bytes]  # the steps' input blocks
    reset: bool = True  # state as after load, before the first step
    all_outputs: bool = True  # outputs of every step, or only of the last


@dataclass(frozen=True)
class SequenceResult:
    """What came of a SequenceRequest."""

    key: Hashable
    outputs: bytes  # of every step, or of the last one
    steps: int
    cycles: tuple[int, ...]  # of each step's Invoke; 2**32 - 1 means that or more


@dataclass(frozen=True)
class Status:
    """Counters of the device since it started."""

    uptime_cycles: int
    invoke_cycles: int  # spent inside Invoke
    idle_cycles: int  # spent waiting for work
    invocations: int
    stack_bytes: int
    stack_high_water: int
    frames_received: int
    frames_damaged: int
    duplicates: int
    naks: int
    replies: int
    overruns: int
    framing_errors: int
    noise_errors: int
    parity_errors: int


@dataclass(frozen=True)
class ProfileEntry:
    """One operator. `cycles` includes nested operators (a WHILE has its body's)."""

    subgraph: int
    op_index: int
    builtin_code: int  # schema BuiltinOperator
    calls: int
    cycles: int  # of all calls together, cost of measuring subtracted


@dataclass(frozen=True)
class Profile:
    """All operators that ran since profiling was turned on."""

    entries: tuple[ProfileEntry, ...]
    dropped: int  # calls of operators for which the device's table had no room
