"""Why a variant differs, as data: what was looked at on the device, what was found, and what not.

An `Explanation` is part of a variant's record. Sentences and remedies are made from it in
`tflm_hil.report.render.causes` only.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from tflm_hil.report.kinds import CauseKind
from tflm_hil.report.mistakes import Mistake
from tflm_hil.vocabulary import RungName


class Manner(StrEnum):
    """How an operator makes an error, or that it is not made in one."""

    COMPUTES_DIFFERENTLY = "computes-differently"
    OTHER_CONSTANT = "other-constant"
    PASSES_ON = "passes-on"  # the iteration that made the error is gone
    INPUT_CHANGED = "input-changed"  # the input arrives changed: no operator


class Origin(StrEnum):
    """Where a device's error comes from, as far as running one sequence again tells."""

    OPERATOR = "operator"
    ROUNDING = "rounding"  # an operator that rounds differently
    INPUT = "input"  # on its way to the model
    OVERLAP = "overlap"  # tensors that overlap in the arena
    FEEDBACK = "feedback"  # how states are handed from step to step
    LEAK = "leak"  # what other sequences left behind
    STATE_OR_MEMORY = "state-or-memory"  # every operator is right from the right state
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class TensorDifference:
    """How a tensor differs: counts, the largest |Δ| (LSB for integers), and the worst element."""

    subgraph: int
    index: int
    name: str
    type: str
    differing: int
    values: int
    max_abs: float
    element: int
    expected: float
    observed: float

    @property
    def integer(self) -> bool:
        """Whether its differences are in LSB."""
        return not self.type.startswith("float")


@dataclass(frozen=True)
class Culprit:
    """The operator where the error is made.

    `step` is the Invoke, `time_step` the latest step of the input window that the operator
    depends on (None where the graph does not tell). `loop` is the index of the main graph's
    operator that runs `subgraph`, None for the main graph. In the manner OTHER_CONSTANT `constant`
    says which; INPUT_CHANGED is an input, no operator (-1). `apart` is the largest |Δ| among float
    inputs that pass for equal.
    """

    step: int
    subgraph: int
    operator: int
    operator_name: str
    manner: Manner
    tensor: TensorDifference
    constant: TensorDifference | None = None
    loop: int | None = None
    time_step: int | None = None
    apart: float = 0.0


@dataclass(frozen=True)
class Descent:
    """One sequence run again alone, with every tensor compared, on the Invokes from `start` on.

    `culprit` is None after `steps` Invokes that are right. Without `in_time` the time was up after
    these; else they are all of the sequence, up to the largest number that is looked at.
    `sequence` is None for the long one.
    """

    sequence: int | None
    steps: int
    culprit: Culprit | None
    in_time: bool = True
    origin: Origin = Origin.UNKNOWN
    start: int = 0


@dataclass(frozen=True)
class LintShows:
    """A lint of the file says that the mistake is there; `finding` is what it says."""

    code: str
    finding: str
    form: ClassVar[str] = "lint-shows"


@dataclass(frozen=True)
class InputsBeyondScale:
    """Shares (0 to 1) of the inputs below, between (from end to end in equal bins) and above the
    ends `low` and `high` of the input's scale.
    """

    low: float
    high: float
    below: float
    between: tuple[float, ...]
    above: float
    form: ClassVar[str] = "inputs-beyond-scale"

    @property
    def beyond(self) -> float:
        """The share that saturates."""
        return self.below + self.above


@dataclass(frozen=True)
class StepError:
    """The error (RMS over all sequences) at a step."""

    step: int
    rms: float


@dataclass(frozen=True)
class ErrorGrows:
    """The error at steps 10, 100, 1000 and the last: it grows with the length."""

    course: tuple[StepError, ...]
    form: ClassVar[str] = "error-grows"


@dataclass(frozen=True)
class NotFinite:
    """The first place where a rung has NaN or infinity.

    `values` are how many there are among its outputs, or its states if `state`. `sequence` and
    `step` are None where no output shows it, or the outputs have no steps. `weights` are names of
    constants of the file that are no numbers; `operator` and `tensor` are the first that make one
    of numbers, on desktop TFLM, empty if that was not found.
    """

    rung: RungName
    values: int
    state: bool = False
    sequence: int | None = None
    step: int | None = None
    weights: tuple[str, ...] = ()
    operator: str = ""
    tensor: str = ""
    form: ClassVar[str] = "not-finite"


@dataclass(frozen=True)
class Imitated:
    """Our engine, made to do the same on the desktop, gives what the device gives: all bytes of
    `sequences` of `invokes` Invokes each. `of` are the device's sequences; fewer are looked at only
    if time was short.
    """

    sequences: int
    of: int
    invokes: int
    form: ClassVar[str] = "imitated"


Evidence = LintShows | InputsBeyondScale | ErrorGrows | NotFinite | Imitated
"""What speaks for a mistake besides the outputs."""


@dataclass(frozen=True)
class Candidate:
    """A mistake that explains the difference in part: `share` of its square (0 to 1) is explained,
    an RMS of `left` is not. Those in `alike` predict the same on the sequences at hand.
    """

    kind: CauseKind
    mistake: Mistake
    share: float
    left: float
    alike: tuple[Mistake, ...] = ()


@dataclass(frozen=True)
class Cause:
    """What explains a difference.

    `mistake` is None where nothing is known but the `kind`: the error grows, or UNKNOWN. `site` is
    the operator where the device makes the error, if that was found. `share` of the difference's
    square (0 to 1) is explained, of its RMS `difference` `left` is not; all None where the cause
    is certain without such figures. `rivals` explain as much; `nearest` is what comes nearest to
    explaining it, for UNKNOWN. `judged_on` is the number of sequences if only a few of those looked
    at were judged.
    """

    kind: CauseKind
    mistake: Mistake | None = None
    alike: tuple[Mistake, ...] = ()
    site: Culprit | None = None
    share: float | None = None
    difference: float | None = None
    left: float | None = None
    evidence: tuple[Evidence, ...] = ()
    rivals: tuple[Candidate, ...] = ()
    nearest: Candidate | None = None
    judged_on: int | None = None

    @property
    def known(self) -> bool:
        """Whether it has a name."""
        return self.kind is not CauseKind.UNKNOWN


class Unexamined(StrEnum):
    """Why something was not looked for."""

    OPERATOR_REFUSED = "operator-refused"  # the board or desktop TFLM does not keep all tensors
    BOARD_TROUBLE = "board-trouble"  # in the incidents of the run
    LADDER_IS_RIGHT = "ladder-is-right"  # other steps or outputs than the ladder's differ
    NO_KERAS_MODEL = "no-keras-model"
    NOT_COVERED = "not-covered"  # by the cell equations
    OTHER_SHAPE = "other-shape"  # Keras' outputs have another shape than the equations'
    EQUATIONS_DISAGREE = "equations-disagree"  # with Keras, so something is not understood
    REFERENCE_FAILED = "reference-failed"
    NOTHING_DIFFERS = "nothing-differs"  # in the sequences that are looked at
    NOT_FINITE = "not-finite"  # the outputs


@dataclass(frozen=True)
class NotExamined:
    """Something that was not looked for; `about` is the layer, shape or tool that is in the way,
    in its own words.
    """

    reason: Unexamined
    about: str = ""


@dataclass(frozen=True)
class Saturated:
    """An integer tensor with the share (0 to 1) of its values at an end of its range, in one
    sequence; `operator` writes it.
    """

    sequence: int
    subgraph: int
    index: int
    name: str
    operator: str
    share: float


@dataclass(frozen=True)
class Explanation:
    """Why a variant differs: its causes, what was looked at, and what was not.

    Several causes are all at work together; there are none or one unless kernels are the cause.

    `saturated` are the fullest tensors first, where quantisation may be to blame.
    """

    causes: tuple[Cause, ...] = ()
    descent: Descent | None = None
    saturated: tuple[Saturated, ...] = ()
    not_examined: tuple[NotExamined, ...] = ()

    @property
    def named(self) -> bool:
        """Whether a known mistake or at least the operator was found: guesses are of no use."""
        return any(cause.known or cause.site is not None for cause in self.causes)
