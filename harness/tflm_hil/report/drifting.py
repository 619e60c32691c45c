"""Records of how an error moves over the steps of a sequence, and of a run over a thousand."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tflm_hil.report.causes import Descent
from tflm_hil.report.costs import LinkRecord
from tflm_hil.vocabulary import RungName


class TrendKind(StrEnum):
    """How a series of errors moves. `tflm_hil.comparison.trend` tells them apart."""

    BOUNDED = "bounded"
    LINEAR = "linear"
    DIVERGING = "diverging"
    TOO_SHORT = "too short"

    @property
    def grows(self) -> bool:
        """Whether the error leaves every bound in the end."""
        return self in (TrendKind.LINEAR, TrendKind.DIVERGING)


@dataclass(frozen=True)
class Trend:
    """How a series moves with the step.

    `level` is the median of the second half, `slope` the Theil-Sen slope per step (both in the
    unit of the series), `p_value` that of a rise, `acceleration` the rise of the second half over
    that of the first (NaN where there is no rise). `doubling_steps` is set if it diverges.
    """

    kind: TrendKind
    level: float
    slope: float
    p_value: float
    acceleration: float
    doubling_steps: float | None = None
    jump_step: int | None = None


@dataclass(frozen=True)
class Saturation:
    """Quantised elements at an end of their type's range: what is beyond is lost.

    `state` is the name of the state that they belong to, empty for the output. `first_step` is
    None if there is none.
    """

    count: int
    values: int
    first_step: int | None
    state: str = ""


@dataclass(frozen=True)
class DriftRecord:
    """One rung `against` the one before, over `steps` steps (or windows, see `LongRunRecord`).

    `max_abs` is in the unit of the output; the trend is that of the RMS error of each step.
    `first_differing_step` counts from 0, None if all is equal. `first_diverging_step` is the first
    step from which on the error stays beyond its bounds. `lost`: the error is as large as the
    outputs vary. `saturation` is that of the rung, None for floats.
    """

    name: RungName
    against: RungName
    sequences: int
    steps: int
    max_abs: float
    trend: Trend
    first_differing_step: int | None
    first_diverging_step: int | None
    lost: bool
    saturation: Saturation | None


@dataclass(frozen=True)
class ChaosRecord:
    """A device's float outputs against a reference, beside runs on the desktop against it.

    `excess` is the largest ratio of the first to the largest that the others have been so far, and
    `first_step` the first at which it is more than allowed, None if it never is. `own` is how far
    the others get from the reference, of its largest output, and `large_from` the first step at
    which that is more than `large`, None if it never is.
    """

    excess: float
    first_step: int | None
    own: float
    large_from: int | None
    large: float

    @property
    def grows(self) -> bool:
        """Whether the network itself makes a rounding large."""
        return self.large_from is not None

    @property
    def explained(self) -> bool:
        """Whether rounding in this network explains the device."""
        return self.first_step is None


@dataclass(frozen=True)
class ForcedRecord:
    """The device against desktop TFLM over `steps` steps that each start from the latter's state,
    all outputs, states included.

    `differing` counts integers; `max_abs` is of floats, and `share` of floats what it is of the
    number it belongs to, where that is larger than 1. The one that does not apply is 0.
    """

    steps: int
    values: int
    differing: int
    max_abs: float
    share: float


@dataclass(frozen=True)
class LongRunRecord:
    """A variant over a thousand steps without a reset.

    `invokes` of `rows` steps each; with more than one row the axis of the drift records counts
    windows. `differing` of `values` (outputs and states) are not desktop TFLM's; counted for
    integers. `from_keras` is the device held against Keras itself; where Keras did not run the
    sequence it is None and `without_keras` a clause that says why. `states` are those that the
    device feeds back, of integer models. `descent` is what was found at the first step at which
    integers of a single-step model differ.
    """

    invokes: int
    rows: int
    integer: bool
    differing: int
    values: int
    drifts: tuple[DriftRecord, ...]
    from_keras: DriftRecord | None
    without_keras: str
    chaos: ChaosRecord | None
    forced: ForcedRecord | None
    states: tuple[Saturation, ...]
    descent: Descent | None
    link: LinkRecord | None

    @property
    def steps(self) -> int:
        """Steps of time: a thousand, or the next multiple of the window."""
        return self.invokes * self.rows
