"""Records of what running a variant costs: cycles of the core, bytes and time of the line."""

from __future__ import annotations

from dataclasses import dataclass

from tflm_hil.report.statistics import Distribution


@dataclass(frozen=True)
class CycleRecord:
    """Core cycles of one Invoke. `source` is "dwt", or the id of the emulator's cycle model."""

    streamed: Distribution | None  # every Invoke of every streamed sequence
    cold: Distribution | None  # caches flushed before each
    warm: Distribution | None  # the same input again and again
    source: str
    modelled: bool
    per_sequence: Distribution | None = None  # all Invokes of a sequence together


@dataclass(frozen=True)
class LinkRecord:
    """What streaming this variant cost on the line. Bytes are wire bytes, both ends counted."""

    bytes_sent: int
    bytes_received: int
    payload_bytes: int  # tensor data and cycle counts, both directions
    retransmissions: int
    crc_errors: int
    seconds: float  # wall time of streaming
    board_seconds: float | None  # the same on the board's own clock (virtual on an emulated one)
    payload_share: float | None  # of what the busier direction of the line could have carried
    device_busy: float | None  # share of board_seconds spent in Invoke
    line_seconds: float | None = None  # what the busier direction needs at the baud rate, alone
    timeouts: int = 0  # times that the host asked again because nothing came
    repeated_in_vain: int = 0  # requests that came to the device twice: nothing was lost on the way
