"""Distances of single elements, the ones that are not finite above all."""

from __future__ import annotations

import numpy as np
import pytest
from tflm_hil.comparison.difference import absolute_difference

INF, NAN = float("inf"), float("nan")


@pytest.mark.parametrize(
    ("a", "b", "apart"),
    [
        (1.0, 2.5, 1.5),
        (2.5, 1.0, 1.5),
        (INF, INF, 0.0),
        (-INF, INF, INF),
        (INF, 1.0, INF),
        (NAN, NAN, 0.0),
        (NAN, 1.0, INF),
        (1.0, NAN, INF),
        (NAN, INF, INF),
    ],
)
def test_what_is_not_finite_differs_unless_it_is_on_both_sides(
    a: float, b: float, apart: float
) -> None:
    delta = absolute_difference(np.array([[a, 0]], np.float32), np.array([[b, 0]], np.float32))
    assert delta.tolist() == [[apart, 0.0]]


def test_small_integers_do_not_wrap_round() -> None:
    ends = np.array([-128, 127], np.int8)
    assert absolute_difference(ends, ends[::-1]).tolist() == [255.0, 255.0]
