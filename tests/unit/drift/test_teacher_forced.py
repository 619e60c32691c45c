from tflm_hil.drift.teacher_forced import FEWEST_STEPS, MOST_CYCLES, spread


def test_a_small_network_is_forced_at_every_step() -> None:
    assert spread(1000, 5_000.0) == range(0, 1000, 1)


def test_of_a_large_network_steps_are_spread_over_the_sequence() -> None:
    chosen = spread(1000, 300_000.0)
    assert chosen[0] == 0
    assert chosen[-1] > 990
    assert FEWEST_STEPS <= len(chosen) <= MOST_CYCLES / 300_000


def test_there_are_never_too_few() -> None:
    assert len(spread(1000, 1e9)) == FEWEST_STEPS
