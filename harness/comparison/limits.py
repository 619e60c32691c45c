"""Limits: what a measurement of a rung may be, with its unit.

A limit names the rung (the younger side of the comparison), one measure of it, and a minimum, a
maximum, or both. Measures and their units are the keys of `UNITS`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

# measure → unit. "1" is a pure number; differences of outputs carry the unit of the output.
UNITS = {
    "max_abs": "output",
    "mean_abs": "output",
    "rmse": "output",
    "cosine": "1",
    "max_lsb": "LSB",
    "differing": "values",
    "argmax_agreement": "1",
    "accuracy": "1",
    "label_rmse": "output",
}


@dataclass(frozen=True)
class Limit:
    """`minimum` ≤ `measure` of `rung` ≤ `maximum`; raises ValueError if that makes no sense."""

    rung: str
    measure: str
    minimum: float | None = None
    maximum: float | None = None

    def __post_init__(self) -> None:
        if self.measure not in UNITS:
            raise ValueError(f"no measure {self.measure!r}; there are {', '.join(UNITS)}")
        if self.minimum is None and self.maximum is None:
            raise ValueError(f"limit of {self.rung} {self.measure} has no minimum and no maximum")
        for bound in (self.minimum, self.maximum):
            if bound is not None and not math.isfinite(bound):
                raise ValueError(f"limit of {self.rung} {self.measure} is {bound}")

    @property
    def unit(self) -> str:
        """Unit of the measure, see `UNITS`."""
        return UNITS[self.measure]

    def allows(self, value: float) -> bool:
        """Whether `value` is within; NaN never is."""
        if math.isnan(value):
            return False
        return (self.minimum is None or value >= self.minimum) and (
            self.maximum is None or value <= self.maximum
        )

    def __str__(self) -> str:
        bounds = []
        if self.minimum is not None:
            bounds.append(f"≥ {self.minimum:g}")
        if self.maximum is not None:
            bounds.append(f"≤ {self.maximum:g}")
        unit = "" if self.unit == "1" else f" {self.unit}"
        return f"{self.measure} {' and '.join(bounds)}{unit}"
