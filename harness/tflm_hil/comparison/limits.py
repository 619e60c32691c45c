"""Limits: what a measurement of a rung may be, with its unit.

A limit names the rung (the younger side of the comparison), one measure of it, and a minimum, a
maximum, or both. Measures and their units are the keys of `UNITS`. A limit of the device may hold
for one inference engine only: kernels of different make round differently.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

# measure → unit. "1" is a pure number; differences of outputs carry the unit of the output.
UNITS = {
    "max_abs": "output",
    "max_rel": "1",  # max_abs in units of the largest |output|, at least of 1
    "mean_abs": "output",
    "rmse": "output",
    "cosine": "1",
    "max_lsb": "LSB",
    "differing": "values",
    "argmax_agreement": "1",
    "accuracy": "1",
    "label_rmse": "output",
}
# Means over a set of sequences: what holds for the whole of it says nothing about a part. The
# others are extremes and counts, which a part keeps if the whole does.
MEANS = ("mean_abs", "rmse", "cosine", "argmax_agreement", "accuracy", "label_rmse")
ENGINES = ("builtin", "tflm")  # as the firmware names itself in HELLO


@dataclass(frozen=True)
class Limit:
    """`minimum` ≤ `measure` of `rung` ≤ `maximum`; raises ValueError if that makes no sense.

    `engine` is the one inference engine that it holds for, empty: all of them.
    """

    rung: str
    measure: str
    minimum: float | None = None
    maximum: float | None = None
    engine: str = ""

    def __post_init__(self) -> None:
        if self.measure not in UNITS:
            raise ValueError(f"no measure {self.measure!r}; there are {', '.join(UNITS)}")
        if self.minimum is None and self.maximum is None:
            raise ValueError(f"limit of {self.rung} {self.measure} has no minimum and no maximum")
        for bound in (self.minimum, self.maximum):
            if bound is not None and not math.isfinite(bound):
                raise ValueError(f"limit of {self.rung} {self.measure} is {bound}")
        if self.engine and self.engine not in ENGINES:
            raise ValueError(f"no engine {self.engine!r}; there are {', '.join(ENGINES)}")
        if self.engine and self.rung != "device":
            raise ValueError(f"the rung {self.rung} has no engine: only the device has")

    @property
    def unit(self) -> str:
        """Unit of the measure, see `UNITS`."""
        return UNITS[self.measure]

    def holds_for(self, engine: str) -> bool:
        """Whether a device with this inference engine is held to it."""
        return self.engine in ("", engine)

    @property
    def holds_for_a_part(self) -> bool:
        """Whether it can be judged on some of the sequences that it was made for."""
        every_one = self.measure in ("argmax_agreement", "accuracy") and self.minimum == 1.0
        return self.measure not in MEANS or every_one

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
