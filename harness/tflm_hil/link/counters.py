"""What happened on the line, counted on the host's side."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class LinkCounters:
    """Grows while the link is used; `payload` is model data: input blocks, output blocks."""

    frames_sent: int = 0
    frames_received: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0
    payload_bytes_sent: int = 0
    payload_bytes_received: int = 0
    retransmissions: int = 0  # requests sent again, for whatever reason
    naks: int = 0  # gaps or damage that the device reported
    crc_errors: int = 0  # frames from the device that did not decode (COBS, length or CRC-32)
    duplicates: int = 0  # replies that came again and were dropped
    timeouts: int = 0  # times the oldest request was repeated because nothing came
    resets: int = 0  # restarts of the device in the middle of a session
