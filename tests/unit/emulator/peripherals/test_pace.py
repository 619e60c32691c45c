"""Frame timing without drift."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from tflm_hil.emulator.peripherals.pace import Burst, Pace

fractions = st.fractions(min_value=Fraction(1), max_value=Fraction(100_000), max_denominator=10_000)


@given(fractions, st.integers(0, 100_000))
def test_the_end_is_the_exact_time_rounded_up_once(frame: Fraction, frames: int) -> None:
    end = Pace.of(frame).end(frames)
    assert 0 <= end - frame * frames < 1


@given(fractions, st.integers(1, 100_000))
def test_completed_is_the_inverse_of_end(frame: Fraction, frames: int) -> None:
    pace = Pace.of(frame)
    assert pace.completed(pace.end(frames)) == frames
    assert pace.completed(pace.end(frames) - 1) == frames - 1


@given(fractions, fractions, st.integers(0, 10), st.floats(0, 1))
def test_a_change_of_pace_keeps_the_share_of_the_frame(
    before: Fraction, after: Fraction, taken: int, share: float
) -> None:
    burst = Burst(1000, Pace.of(before), None, bytearray(20))
    burst.take(taken)
    now = 1000 + int(before * taken + before * Fraction(share))
    done = (now - 1000 - before * taken) / before
    burst.change_pace(now, Pace.of(after))
    assert abs(burst.end_after(1) - now - (1 - done) * after) <= 2 + after / before
