"""Damage to bytes on the line."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tflm_hil.emulator.outside.line_noise import LineNoise


@given(st.binary(max_size=3000), st.lists(st.integers(1, 500)), st.integers(0, 100))
def test_damage_does_not_depend_on_how_the_stream_is_cut(
    data: bytes, cuts: list[int], seed: int
) -> None:
    whole = LineNoise(0.02, seed).apply(data)
    noise, pieces, position = LineNoise(0.02, seed), b"", 0
    for cut in cuts:
        pieces += noise.apply(data[position : position + cut])
        position += cut
    pieces += noise.apply(data[position:])
    assert pieces == whole


@pytest.mark.parametrize(
    ("kind", "length"),
    [("flip", 1000), ("drop", 0), ("duplicate", 2000), ("insert", 2000), ("reorder", 999)],
)
def test_each_kind_at_full_rate(kind: str, length: int) -> None:
    noise = LineNoise(1.0, 1, (kind,))
    damaged = noise.apply(bytes(1000))
    assert len(damaged) == length
    assert getattr(noise.counters, kind) == 1000
    if kind == "flip":
        assert all(byte.bit_count() == 1 for byte in damaged)


def test_a_byte_that_is_late_comes_behind_the_next() -> None:
    noise = LineNoise(0.25, 3, ("reorder",))
    damaged = b"".join(noise.apply(bytes([value])) for value in range(200))
    assert sorted(damaged) == sorted(set(damaged)), "nothing comes twice"
    late = sum(second < first for first, second in itertools.pairwise(damaged))
    assert 20 < late <= noise.counters.reorder


def test_the_rate_is_kept() -> None:
    noise = LineNoise(1e-3, 7)
    for _ in range(100):
        noise.apply(bytes(10_000))
    counted = noise.counters
    assert 900 < counted.total < 1100
    assert min(vars(counted).values()) > 150


@pytest.mark.parametrize("rate", [0, -1, 1.5])
def test_an_impossible_rate_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="rate"):
        LineNoise(rate, 1)


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="kinds"):
        LineNoise(0.1, 1, ("swap",))
