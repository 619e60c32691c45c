"""Numbers as words and short strings: shared by all forms of the report."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from tflm_hil.report.judgement import Measurement, Part, Rung
from tflm_hil.vocabulary import Unit

MISSING = "–"  # noqa: RUF001 - an en dash, what tables use for "no value"


def size(count: int | None) -> str:
    """Bytes in the unit that data sheets use: 1 kB = 1024 bytes."""
    if count is None:
        return MISSING
    if count < 1024:
        return f"{count} B"
    if count < 10 * 1024:
        return f"{count / 1024:.1f} kB"
    if count < 1024 * 1024:
        return f"{count / 1024:.0f} kB"
    return f"{count / 1024 / 1024:.1f} MB"


def kilobytes(count: int | None) -> str:
    """Bytes as kB for a column that says so: three significant digits at most."""
    if count is None:
        return MISSING
    return f"{count / 1024:.1f}" if count < 10 * 1024 else f"{count / 1024:,.0f}"


def percent(share: float | None, digits: int = 1) -> str:
    """A share 0..1 as per cent without the sign; 100 only if it is really all."""
    if share is None:
        return MISSING
    text = f"{share * 100:.{digits}f}"
    if share < 1 and float(text) == 100:
        text = f"{100 - 10**-digits:.{digits}f}"
    return "100" if share == 1 else text


def real(value: float | None) -> str:
    """A difference in real units: three significant digits, 0 only if it is exactly 0."""
    if value is None:
        return MISSING
    if value == 0:
        return "0"
    if value >= 0.01:
        return f"{value:.3f}"
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def delta(rung: Rung | None) -> str:
    """The worst difference of a rung: LSB where there are any, else real units."""
    if rung is None or rung.max_abs is None:
        return MISSING
    if rung.max_lsb is not None:
        return f"{rung.max_lsb} LSB"
    return real(rung.max_abs)


def rmse(value: float | None) -> str:
    """An error to the true values: four significant digits, enough to see a rung move."""
    if value is None:
        return MISSING
    if 0 < value < 1e-3:
        return real(value)
    return f"{value:.4f}" if 0 < value < 10 else f"{value:.4g}"


def count(value: float | None) -> str:
    """A whole number with thousands separated; small means keep one decimal."""
    if value is None:
        return MISSING
    return f"{value:,.1f}" if value < 100 and not float(value).is_integer() else f"{value:,.0f}"


def plural(number: int, one: str, many: str = "") -> str:
    """`1 variant`, `2 variants`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def spread(values: Iterable[float | None], text: Callable[[Any], str]) -> str:
    """The smallest and the largest of those that there are: `2,265 … 43,972`."""
    known = [value for value in values if value is not None]
    if not known:
        return MISSING
    low, high = text(min(known)), text(max(known))
    return low if low == high else f"{low} … {high}"


def duration(seconds: float) -> str:
    """Wall time: 0.4 s, 41 s, 3 min 05 s."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    return f"{int(seconds + 0.5) // 60} min {int(seconds + 0.5) % 60:02d} s"


def quantity(measurement: Measurement) -> str:
    """Value and unit: `0 values`, `1.2e-07`, `97.2 %`."""
    value = measurement.value
    text = f"{value:,.0f}" if float(value).is_integer() else f"{value:.3g}"
    return f"{text}{real_unit(measurement.unit)}"


def limit_text(measurement: Measurement) -> str:
    """The limit with its relation: `≤ 0`."""
    if measurement.limit is None:
        return ""
    bounds = (("≤", measurement.limit.maximum), ("≥", measurement.limit.minimum))
    return " and ".join(f"{sign} {bound:g}" for sign, bound in bounds if bound is not None)


def part_text(part: Part) -> str:
    """On how many sequences something was measured."""
    return f"on {part.sequences} of {part.of} sequences"


def number(value: float) -> str:
    """Four significant digits; counts in full."""
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.4g}"


def short(value: float) -> str:
    """Two significant digits: a size, where the third says nothing. From 100 on, whole numbers."""
    if not math.isfinite(value):
        return "not a number"
    return f"{value:,.0f}" if 100 <= abs(value) < 1e6 else f"{value:.2g}"


def real_unit(unit: Unit) -> str:
    """The unit behind a number, with its space; a pure number has none."""
    return "" if unit is Unit.ONE else f" {unit}"
