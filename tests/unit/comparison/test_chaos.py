import numpy as np
import pytest
from numpy.typing import NDArray
from tflm_hil.comparison.chaos import ALLOWED, chaos

STEPS = 600
TRUTH = np.random.default_rng(2).standard_normal((STEPS, 3)).astype(np.float32)
FLOOR = 1e-6
# ten times more every 100 steps, until it is as large as the numbers
GROWTH = np.minimum(1e-6 * 10 ** (np.arange(STEPS) / 100), 1.0)


def moved(size: NDArray[np.float64] | float, seed: int) -> NDArray[np.float32]:
    """The truth with an error of that size, of chance signs."""
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], TRUTH.shape)
    errors = signs * np.reshape(np.broadcast_to(size, STEPS), (STEPS, 1))
    return np.asarray(TRUTH + errors, np.float32)


def test_rounding_that_stays_small_is_not_worth_a_word() -> None:
    record = chaos(moved(2e-7, 1), TRUTH, [moved(3e-7, 2)], floor=FLOOR)
    assert record.explained
    assert not record.grows


def test_a_chaotic_network_explains_what_the_device_does() -> None:
    record = chaos(moved(2 * GROWTH, 1), TRUTH, [moved(GROWTH, 2)], floor=FLOOR)
    assert record.explained
    assert record.excess == pytest.approx(2.0, rel=0.1)
    assert record.grows
    assert record.large_from is not None
    assert 300 < record.large_from < 400, "10 ** (t / 100 - 6) of outputs of 3"


def test_an_error_counts_as_large_beyond_a_thousandth_not_at_it() -> None:
    truth = np.full((3, 1), 1000, np.float32)
    other = np.array([[1000], [1001], [1002]], np.float32)
    assert chaos(truth, truth, [other], floor=FLOOR).large_from == 2


def test_ten_times_what_the_desktop_does_is_allowed_and_no_more() -> None:
    truth = np.full((2, 1), 1000, np.float32)
    other = np.array([[1001], [1001]], np.float32)
    device = np.array([[1010], [1011]], np.float32)
    record = chaos(device, truth, [other], floor=FLOOR)
    assert (record.first_step, record.excess) == (1, 11.0)


def test_an_error_that_rounding_does_not_make_is_named_with_its_step() -> None:
    device = moved(1e-7, 1)
    device[250:] += np.float32(1e-3)
    record = chaos(device, TRUTH, [moved(3e-7, 2)], floor=FLOOR)
    assert not record.explained
    assert record.first_step == 250
    assert record.excess > ALLOWED


def test_the_reference_is_the_measure_only_as_far_as_it_has_come() -> None:
    """An error at a step where the reference has not moved yet is not excused by what it does
    later."""
    device = moved(GROWTH, 1)
    device[10] += np.float32(1e-3)
    record = chaos(device, TRUTH, [moved(GROWTH, 2)], floor=FLOOR)
    assert record.excess > ALLOWED
    assert record.first_step == 10


def test_what_the_reference_has_been_at_any_step_before_counts() -> None:
    """The other run may come back by chance: once apart, the two need not meet again."""
    other = moved(GROWTH, 2)
    other[-10:] = TRUTH[-10:]
    assert chaos(moved(GROWTH, 1), TRUTH, [other], floor=FLOOR).explained


def test_the_other_run_that_parts_most_is_the_measure() -> None:
    device = moved(20 * GROWTH, 1)
    alone = chaos(device, TRUTH, [moved(GROWTH, 2)], floor=FLOOR)
    beside = chaos(device, TRUTH, [moved(GROWTH, 2), moved(10 * GROWTH, 3)], floor=FLOOR)
    assert not alone.explained
    assert beside.explained


def test_not_a_number_is_never_explained() -> None:
    device = moved(1e-7, 1)
    device[500] = np.nan
    assert not chaos(device, TRUTH, [moved(3e-7, 2)], floor=FLOOR).explained
