"""What a device answers when it cannot do what it was asked: data that errors carry.

These records lie below `tflm_hil.errors`, so that a typed error can hold one without knowing
the link. `tflm_hil.link.messages` makes them from the fields of a message.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FaultRecord:
    """What the fault handler wrote down (ARMv7-M: registers of the interrupted code and status)."""

    sequence: int  # counts faults since power-on
    r: tuple[int, ...]  # r0..r12
    sp: int
    lr: int
    pc: int
    xpsr: int
    exc_return: int
    cfsr: int
    hfsr: int
    mmfar: int
    bfar: int
    dfsr: int
    request_name: str  # the request that was being executed, e.g. "sequence", or "idle"
    request_seq: int


@dataclass(frozen=True)
class LineFacts:
    """What was counted on a line while an answer did not come.

    `damaged` are frames from the device that did not decode, `naks` gaps and damage that the
    device reported, `intact` frames that decoded, `heard` bytes of any kind, all since the last
    answer. `sample` is the end of what did not decode. The last three are the device's own
    counts since its start, -1 where it could not be asked.
    """

    baud: int
    heard: int = 0
    intact: int = 0
    damaged: int = 0
    naks: int = 0
    sample: bytes = b""
    device_damaged: int = -1
    device_overruns: int = -1
    device_framing_errors: int = -1


@dataclass(frozen=True)
class Rejection:
    """An error reply: why the device refused a request."""

    request: str  # name in protocol.toml
    error: int  # [code.error] of protocol.toml
    status: str  # engine status, e.g. "unsupported_operator"; "ok" if the engine was not asked
    subgraph: int  # -1 if not applicable, as the next two
    op_index: int
    builtin_code: int
    needed: int  # bytes, arena_too_small
    available: int
    text: str

    @property
    def by_engine(self) -> bool:
        """Whether the engine said so: it will again."""
        return self.status != "ok"
