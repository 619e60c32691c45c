"""Resampling of UART frames at another baud."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tflm_hil.emulator.peripherals.wave import resample


@given(st.binary(max_size=64), st.floats(0.97, 1.03))
def test_close_rates_read_the_same(data: bytes, ratio: float) -> None:
    received = resample(data, 115_200, 115_200 * ratio)
    assert bytes(byte for byte, _ in received) == data
    assert not any(broken for _, broken in received)


def test_a_slow_receiver_merges_frames() -> None:
    received = resample(b"\x55" * 80, 921_600, 115_200)
    assert 0 < len(received) <= 11


def test_a_fast_receiver_splits_a_frame_at_its_edges() -> None:
    # At double speed the start bit and the first bit of 0x00 fill one frame with zeros.
    received = resample(b"\x00", 100, 200)
    assert received[0] == (0, True)


def test_a_glitch_is_no_start_bit() -> None:
    # One bit at 8 times the receiver's speed is over before the receiver looks at its middle.
    assert resample(b"\xff", 8, 1) == []
