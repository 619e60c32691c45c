"""Series whose kind is known by construction, with noise and of many lengths."""

import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tflm_hil.comparison.trend import rise_p_value, theil_sen, trend

lengths = st.integers(60, 1500)
seeds = st.integers(0, 2**32 - 1)
levels = st.floats(1e-6, 1e3)


def noise(seed: int, length: int, size: float = 0.1) -> NDArray[np.float64]:
    return 1.0 + size * np.random.default_rng(seed).standard_normal(length)


def ramp(length: int) -> NDArray[np.float64]:
    return np.arange(1, length + 1) / length


@given(lengths, seeds, levels)
@settings(max_examples=80, derandomize=True)
def test_noise_of_any_level_is_bounded(length: int, seed: int, level: float) -> None:
    assert trend(level * np.abs(noise(seed, length))).kind == "bounded"


@given(lengths, seeds, levels)
@settings(max_examples=80, derandomize=True)
def test_a_ramp_is_linear_and_its_slope_is_found(length: int, seed: int, level: float) -> None:
    classified = trend(level * ramp(length) * noise(seed, length, 0.03))
    assert classified.kind == "linear"
    assert classified.slope == pytest.approx(level / length, rel=0.1)


@given(lengths, seeds, levels, st.floats(3, 20))
@settings(max_examples=80, derandomize=True)
def test_an_exponential_diverges_and_its_doubling_is_found(
    length: int, seed: int, level: float, growth: float
) -> None:
    classified = trend(level * np.exp(growth * ramp(length)) * noise(seed, length, 0.03))
    assert classified.kind == "diverging"
    assert classified.doubling_steps == pytest.approx(length * np.log(2) / growth, rel=0.15)


@given(lengths, seeds, levels, st.floats(0.02, 0.3))
@settings(max_examples=80, derandomize=True)
def test_an_error_that_levels_off_is_bounded(
    length: int, seed: int, level: float, share: float
) -> None:
    assert trend(level * (1 - np.exp(-ramp(length) / share)) * noise(seed, length, 0.02)).kind == (
        "bounded"
    )


@given(lengths, seeds, st.floats(0.1, 0.75), st.floats(3, 100))
@settings(max_examples=80, derandomize=True)
def test_a_jump_of_level_is_bounded_and_its_step_is_found(
    length: int, seed: int, share: float, height: float
) -> None:
    step = int(share * length)
    levels = np.where(np.arange(length) < step, 1.0, height)
    classified = trend(levels * noise(seed, length, 0.05))
    assert classified.kind == "bounded"
    assert classified.jump_step is not None
    assert abs(classified.jump_step - step) <= max(1, length // 24)


def test_a_block_with_steps_of_both_levels_hides_no_jump() -> None:
    # 60 steps are 24 blocks of two or three: the one at the jump has the median 2
    levels = np.where(np.arange(60) < 41, 1.0, 3.0)
    classified = trend(levels * noise(224775, 60, 0.05))
    assert classified.kind == "bounded"
    assert classified.jump_step is not None
    assert abs(classified.jump_step - 41) <= 2


@given(lengths, seeds, st.floats(0, 0.99))
@settings(max_examples=40, derandomize=True)
def test_a_spike_at_one_step_changes_nothing(length: int, seed: int, share: float) -> None:
    series = noise(seed, length, 0.05)
    series[int(share * length)] = 1e6
    assert trend(series).kind == "bounded"


def test_a_square_and_a_random_walk_lie_on_the_two_sides_of_linear() -> None:
    assert trend(ramp(1000) ** 2).kind == "diverging"
    assert trend(np.sqrt(ramp(1000))).kind == "linear"


def test_zero_is_bounded_and_infinity_diverges() -> None:
    assert trend(np.zeros(100)).kind == "bounded"
    assert trend(np.array([*np.zeros(99), np.inf])).kind == "diverging"


def test_few_steps_prove_nothing() -> None:
    few = trend(np.arange(7.0))
    assert (few.kind, few.level, few.p_value) == ("too short", 3.0, 1.0)


def test_what_rises_only_in_the_second_half_diverges() -> None:
    late = trend(np.array([*np.ones(32), *np.arange(2.0, 18.0)]))
    assert (late.kind, late.acceleration) == ("diverging", math.inf)


def test_mann_kendall_counts_ties() -> None:
    """Of 10 pairs 8 rise and 2 are ties: S = 8, its variance (300 - 2·18) / 18."""
    z = (8 - 1) / math.sqrt((300 - 2 * 18) / 18)
    assert rise_p_value(np.array([1.0, 1, 2, 2, 3])) == pytest.approx(math.erfc(z / 2**0.5) / 2)
    assert rise_p_value(np.array([1.0, 2, 2, 1])) == 1.0, "as many pairs rise as fall"


def test_mann_kendall_against_the_tables() -> None:
    """Kendall's table for n = 10: S = 29 has a one-sided p of 0.0046; all in order 2.8e-7."""
    series = np.array([1.0, 2, 3, 4, 5, 10, 9, 8, 6, 7])
    first, second = np.triu_indices(10, 1)
    assert np.sign(series[second] - series[first]).sum() == 27
    assert rise_p_value(series) == pytest.approx(0.0083, abs=0.003)
    assert rise_p_value(-series) == 1.0
    assert rise_p_value(np.ones(10)) == 1.0


@dataclass(frozen=True)
class Straight:
    """0, 1, 2, …, `steps` of them: each quantity by hand from the module's rules."""

    steps: int
    level: float  # the middle of the second half of the blocks
    acceleration: float  # (end - middle) / (middle - start), each the median of an eighth


STRAIGHT = [
    Straight(8, 5.5, (7 - 4) / (4 - 0)),
    Straight(16, 11.5, (14.5 - 7.5) / (7.5 - 0.5)),
    Straight(24, 17.5, (22 - 12) / (12 - 1)),
    Straight(48, 35.5, (44.5 - 24.5) / (24.5 - 2.5)),
]


@pytest.mark.parametrize("case", STRAIGHT)
def test_a_straight_line_is_cut_into_blocks_without_a_gap(case: Straight) -> None:
    line = trend(np.arange(float(case.steps)))
    assert line.kind == "linear"
    assert (line.level, line.slope) == (case.level, 1.0)
    assert line.acceleration == pytest.approx(case.acceleration)


def test_theil_sen_ignores_outliers() -> None:
    x = np.arange(20.0)
    y = 3 * x
    y[[2, 7, 15]] = 1e9
    assert theil_sen(x, y) == pytest.approx(3)
