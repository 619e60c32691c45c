"""The mistakes that make a recurrent network wrong without any error message, as data.

A `Mistake` is one as it was made: how, with its figures, and in which layers. The kinds of mistakes
are in `tflm_hil.report.kinds`, words for how they were made in `tflm_hil.report.render.mistakes`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class Way(StrEnum):
    """How a mistake was made, where no figure belongs to it."""

    LEAKS_INTO_NEXT = "leaks-into-next-sequence"
    STARTS_AT_ZERO = "starts-at-zero"
    STATES_EXCHANGED = "states-exchanged"
    FEATURES_REVERSED = "features-reversed"
    FEATURE_PAIRS_EXCHANGED = "feature-pairs-exchanged"
    TIME_REVERSED = "time-reversed"
    FEATURES_READ_AS_TIME = "features-read-as-time"
    TIME_READ_AS_FEATURES = "time-read-as-features"
    PADDING_AS_DATA = "padding-as-data"
    PADDING_AT_OTHER_END = "padding-at-other-end"
    BIASES_MISSING = "biases-missing"
    RECURRENT_BIAS_MISSING = "recurrent-bias-missing"
    INPUT_BIAS_MISSING = "input-bias-missing"
    RECURRENT_BIAS_ESCAPES_RESET = "recurrent-bias-escapes-reset"
    RESET_BEFORE_PRODUCT = "reset-before-product"
    RESET_AFTER_PRODUCT = "reset-after-product"
    H_OVERWRITES_C = "h-overwrites-c"
    C_OVERWRITES_H = "c-overwrites-h"
    TENSORS_OVERLAP = "tensors-overlap"
    BACKWARD_READS_FORWARDS = "backward-reads-forwards"
    BACKWARD_STAYS_REVERSED = "backward-stays-reversed"
    BACKWARD_COMES_FIRST = "backward-comes-first"
    BACKWARD_HAS_FORWARD_WEIGHTS = "backward-has-forward-weights"
    ENCODER_STATE_MISSING = "encoder-state-missing"
    FIRST_INPUT_ZERO = "first-input-zero"
    FIRST_INPUT_ONE = "first-input-one"


class Bias(StrEnum):
    """Which biases of a cell are meant."""

    ALL = "all"
    RECURRENT = "recurrent"


class Fill(StrEnum):
    """What stands where a shifted sequence has a hole."""

    ZERO = "zero"
    EDGE = "edge"
    WRAPPED = "wrapped"
    PREVIOUS_SEQUENCE = "previous-sequence"


class End(StrEnum):
    """One of the two ends of an array."""

    FIRST = "first"
    LAST = "last"


# `form` tells a record from the others that may stand in its place in a report's JSON.


@dataclass(frozen=True)
class WipedEvery:
    """The state is zero again every `steps` steps."""

    steps: int
    form: ClassVar[str] = "wiped-every"


@dataclass(frozen=True)
class WipedOnce:
    """The state is zero again before step `step`."""

    step: int
    form: ClassVar[str] = "wiped-once"


@dataclass(frozen=True)
class StateReadAs:
    """State h or c comes back as factor · state + offset."""

    state: str
    factor: float
    offset: float
    form: ClassVar[str] = "state-read-as"


@dataclass(frozen=True)
class StatesExchangedAsBytes:
    """h becomes factor_h · c + offset_h, and c becomes factor_c · h + offset_c."""

    factor_h: float
    offset_h: float
    factor_c: float
    offset_c: float
    form: ClassVar[str] = "states-exchanged-as-bytes"


@dataclass(frozen=True)
class OutputReadAs:
    """The layer's output is read as factor · h + offset."""

    factor: float
    offset: float
    form: ClassVar[str] = "output-read-as"


@dataclass(frozen=True)
class BiasCounts:
    """From step 1 on the bias counts `factor`-fold."""

    bias: Bias
    factor: float
    form: ClassVar[str] = "bias-counts"


@dataclass(frozen=True)
class BiasShared:
    """All steps share one recurrent bias; at the last it counts `growth`-fold."""

    growth: float
    form: ClassVar[str] = "bias-shared"


@dataclass(frozen=True)
class CellBounded:
    """|c| does not pass `bound`."""

    bound: float
    form: ClassVar[str] = "cell-bounded"


@dataclass(frozen=True)
class RecurrentWeightsCount:
    """The recurrent weights count `factor`-fold."""

    factor: float
    form: ClassVar[str] = "recurrent-weights-count"


@dataclass(frozen=True)
class InputsBounded:
    """Inputs saturate at ±bound."""

    bound: float
    form: ClassVar[str] = "inputs-bounded"


@dataclass(frozen=True)
class CalibratedWithin:
    """Every range as if inputs were within low and high; a share of them (0 to 1) is beyond."""

    low: float
    high: float
    beyond: float
    form: ClassVar[str] = "calibrated-within"


@dataclass(frozen=True)
class InputScaled:
    """What arrives is factor · x + offset."""

    factor: float
    offset: float
    form: ClassVar[str] = "input-scaled"


@dataclass(frozen=True)
class FeaturesRotated:
    """The features of a step are rotated by some places."""

    places: int
    form: ClassVar[str] = "features-rotated"


@dataclass(frozen=True)
class ElementsLate:
    """All elements of a sequence come some places late, as behind a header."""

    places: int
    form: ClassVar[str] = "elements-late"


@dataclass(frozen=True)
class Shifted:
    """The sequence is `steps` late (early: negative), and what fills the hole."""

    steps: int
    fill: Fill
    form: ClassVar[str] = "shifted"


@dataclass(frozen=True)
class GatesReordered:
    """The gates are in `order` instead of the `expected` one."""

    order: tuple[str, ...]
    expected: tuple[str, ...]
    form: ClassVar[str] = "gates-reordered"


@dataclass(frozen=True)
class OtherFunction:
    """`used` stands in for `expected` ("": a function of the user's own), in the gates or not."""

    used: str
    expected: str
    in_gates: bool
    form: ClassVar[str] = "other-function"


@dataclass(frozen=True)
class InputOverwrites:
    """The input overwrites the first or last elements of state h or c."""

    state: str
    end: End
    elements: int
    form: ClassVar[str] = "input-overwrites"


@dataclass(frozen=True)
class FirstInputSymbol:
    """The decoder's first input is this symbol, one-hot."""

    symbol: int
    form: ClassVar[str] = "first-input-symbol"


@dataclass(frozen=True)
class WithinRounding:
    """The largest difference, in units of the output, is within `lsb` steps of its scale."""

    largest: float
    lsb: float
    form: ClassVar[str] = "within-rounding"


@dataclass(frozen=True)
class OperatorRounds:
    """Given the same inputs, this operator is off by up to `lsb`."""

    operator: str
    lsb: float
    form: ClassVar[str] = "operator-rounds"


@dataclass(frozen=True)
class OperatorsForget:
    """These operators of the model begin every Invoke with a state of zero."""

    operators: tuple[str, ...]
    form: ClassVar[str] = "operators-forget"


@dataclass(frozen=True)
class FactorsRounded:
    """Factors that these operators make of scales are rounded to single precision; the largest
    change is from `exact` to `rounded`, in `operator`.
    """

    operators: tuple[str, ...]
    operator: str
    exact: float
    rounded: float
    form: ClassVar[str] = "factors-rounded"


@dataclass(frozen=True)
class RunTwiceDiffers:
    """Run twice on the same input, a reference differs from itself by this RMS."""

    rms: float
    form: ClassVar[str] = "run-twice-differs"


How = (
    Way | WipedEvery | WipedOnce | StateReadAs | StatesExchangedAsBytes | OutputReadAs | BiasCounts
    | BiasShared | CellBounded | RecurrentWeightsCount | InputsBounded | CalibratedWithin
    | InputScaled | FeaturesRotated | ElementsLate | Shifted | GatesReordered | OtherFunction
    | InputOverwrites | FirstInputSymbol | WithinRounding | OperatorRounds | OperatorsForget
    | FactorsRounded | RunTwiceDiffers
)  # fmt: skip
"""How a mistake was made."""


@dataclass(frozen=True)
class Mistake:
    """How it was made, and in which recurrent layers; () where that says nothing: the network has
    one, or it was made elsewhere.
    """

    how: How
    layers: tuple[str, ...] = ()
