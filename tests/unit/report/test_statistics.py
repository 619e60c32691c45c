from hypothesis import given
from hypothesis import strategies as st
from tflm_hil.report.statistics import Distribution, distribution


def test_nearest_rank_percentiles() -> None:
    assert distribution(range(1, 101)) == Distribution(100, 1, 50, 99, 100)
    assert distribution([7]) == Distribution(1, 7, 7, 7, 7)
    assert distribution([3, 1, 2]) == Distribution(3, 1, 2, 3, 3)


def test_nothing_measured_is_no_distribution() -> None:
    assert distribution([]) is None


@given(st.lists(st.integers(0, 2**63 - 1), min_size=1))
def test_every_figure_was_measured_and_they_are_in_order(values: list[int]) -> None:
    spread = distribution(values)
    assert spread is not None
    figures = [spread.minimum, spread.p50, spread.p99, spread.maximum]
    assert set(figures) <= set(values)
    assert figures == sorted(figures)
    assert sum(value <= spread.p50 for value in values) * 2 >= len(values)
