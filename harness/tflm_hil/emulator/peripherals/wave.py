"""What a UART reads when the other side speaks at another baud: the waveform, sampled anew."""

from __future__ import annotations


def resample(data: bytes, sender_baud: float, receiver_baud: float) -> list[tuple[int, bool]]:
    """The bytes that a receiver at `receiver_baud` makes of 8N1 frames at `sender_baud`.

    Returns (byte, framing error) pairs. A receiver waits for a falling edge, samples the middle
    of each of its own bits, and expects the line high in the stop bit.
    """
    levels = [level for byte in data for level in (0, *(byte >> bit & 1 for bit in range(8)), 1)]
    step = sender_baud / receiver_baud
    received = []
    position = 0
    while position < len(levels):
        if levels[position] or (position and not levels[position - 1]):
            position += 1
            continue
        samples = []
        for bit in range(10):
            at = int(position + step * (bit + 0.5))
            samples.append(levels[at] if at < len(levels) else 1)
        if samples[0]:
            position += 1  # too short for a start bit: noise
            continue
        byte = sum(level << bit for bit, level in enumerate(samples[1:9]))
        received.append((byte, not samples[9]))
        position = max(position + 1, int(position + step * 9.5))
    return received
