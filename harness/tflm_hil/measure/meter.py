"""What streaming costs: differences of the link's and the device's own counters."""

from __future__ import annotations

import time
from copy import copy
from dataclasses import dataclass

from tflm_hil.link.counters import LinkCounters
from tflm_hil.link.device import Device
from tflm_hil.link.messages import Status
from tflm_hil.report.costs import LinkRecord
from tflm_hil.report.render.progress import BITS_PER_BYTE


@dataclass(frozen=True)
class Reading:
    """All counters at one moment."""

    counters: LinkCounters
    status: Status
    wall_s: float

    @classmethod
    def take(cls, device: Device) -> Reading:
        """Ask the device (one round trip)."""
        return cls(copy(device.counters), device.status(), time.monotonic())


def link_record(start: Reading, end: Reading, *, baud: int, core_hz: int) -> LinkRecord:
    """The cost between two readings.

    Time is the device's own: on an emulated board virtual seconds, in which the line is paced.
    """
    first, last = start.counters, end.counters
    payload_out = last.payload_bytes_sent - first.payload_bytes_sent
    payload_in = last.payload_bytes_received - first.payload_bytes_received
    cycles = end.status.uptime_cycles - start.status.uptime_cycles
    seconds = cycles / core_hz if core_hz else 0.0
    capacity = baud / BITS_PER_BYTE * seconds
    sent, received = (
        last.bytes_sent - first.bytes_sent,
        last.bytes_received - first.bytes_received,
    )
    return LinkRecord(
        bytes_sent=sent,
        bytes_received=received,
        payload_bytes=payload_out + payload_in,
        retransmissions=last.retransmissions - first.retransmissions,
        crc_errors=(
            last.crc_errors
            - first.crc_errors
            + end.status.frames_damaged
            - start.status.frames_damaged
        ),
        seconds=end.wall_s - start.wall_s,
        board_seconds=seconds,
        payload_share=max(payload_out, payload_in) / capacity if capacity else None,
        device_busy=(end.status.invoke_cycles - start.status.invoke_cycles) / cycles
        if cycles
        else None,
        # both directions at once: the one with more bytes is the one that takes long
        line_seconds=max(sent, received) * BITS_PER_BYTE / baud,
        timeouts=last.timeouts - first.timeouts,
        repeated_in_vain=end.status.duplicates - start.status.duplicates,
    )
