"""Explanations with one of everything, made up: for tests of what is made from them."""

from __future__ import annotations

from tflm_hil.report.causes import (
    Candidate,
    Cause,
    Culprit,
    Descent,
    ErrorGrows,
    Evidence,
    Explanation,
    Imitated,
    InputsBeyondScale,
    LintShows,
    Manner,
    NotExamined,
    NotFinite,
    Origin,
    Saturated,
    StepError,
    TensorDifference,
    Unexamined,
)
from tflm_hil.report.kinds import CauseKind
from tflm_hil.report.mistakes import (
    Bias,
    BiasCounts,
    BiasShared,
    CalibratedWithin,
    CellBounded,
    ElementsLate,
    End,
    FactorsRounded,
    FeaturesRotated,
    Fill,
    FirstInputSymbol,
    GatesReordered,
    How,
    InputOverwrites,
    InputsBounded,
    InputScaled,
    Mistake,
    OperatorRounds,
    OperatorsForget,
    OtherFunction,
    OutputReadAs,
    RecurrentWeightsCount,
    RunTwiceDiffers,
    Shifted,
    StateReadAs,
    StatesExchangedAsBytes,
    Way,
    WipedEvery,
    WipedOnce,
    WithinRounding,
)
from tflm_hil.vocabulary import RungName

WORDS: dict[How, str] = {
    WipedEvery(1): "before every step",
    WipedEvery(4): "every 4 steps",
    WipedOnce(3): "once, before step 3",
    StateReadAs("c", 0.866, 0.0): "state c comes back as 0.866·c +0",
    StatesExchangedAsBytes(0.5, 0.1, 2.0, -0.2): "after every step, as bytes: h becomes 0.5·c +0.1,"
    " c becomes 2·h -0.2",
    OutputReadAs(0.7, -0.01): "it is read as 0.7·h -0.01",
    BiasCounts(Bias.ALL, 1.8): "from step 1 on the bias counts 1.8-fold",
    BiasCounts(Bias.RECURRENT, 0.5): "from step 1 on the recurrent bias counts 0.5-fold",
    BiasShared(3.14159): "all steps share one recurrent bias, though their states have other"
    " scales: at the last it counts 3.14-fold",
    CellBounded(10.0): "at ±10",
    RecurrentWeightsCount(0.99499): "the recurrent weights count 0.99499-fold",
    InputsBounded(0.8): "inputs saturate at ±0.8",
    CalibratedWithin(-1.5, 2.25, 0.12): "calibrated as if inputs were within -1.5 and 2.25, 12% of"
    " them are beyond and saturate",
    InputScaled(0.497, 0.465): "what arrives is 0.497·x +0.465",
    FeaturesRotated(2): "features rotated by 2",
    ElementsLate(1): "all elements come 1 place late (stride or header)",
    ElementsLate(2): "all elements come 2 places late (stride or header)",
    Shifted(1, Fill.ZERO): "1 step late, filled with zero",
    Shifted(-2, Fill.EDGE): "2 steps early, filled with the edge",
    Shifted(2, Fill.WRAPPED): "2 steps late, the rest comes round",
    Shifted(1, Fill.PREVIOUS_SEQUENCE): "1 step late, begun with the sequence before",
    GatesReordered(("r", "z", "h"), ("z", "r", "h")): "r, z, h instead of z, r, h",
    OtherFunction("relu", "tanh", False): "relu instead of tanh",
    OtherFunction("hard_sigmoid", "sigmoid", True): "hard_sigmoid instead of sigmoid in the gates",
    OtherFunction("tanh", "", False): "tanh instead of the function of your own",
    InputOverwrites("h", End.LAST, 4): "the input overwrites the last 4 elements of state h",
    FirstInputSymbol(2): "the first input is symbol 2",
    WithinRounding(0.0117, 2.0): "no difference is above 2 LSB, the largest is 0.0117",
    OperatorRounds("TANH", 1.0): "given the same, TANH is off by 1 LSB at most",
    OperatorsForget(("LSTM",)): "LSTM begins every Invoke with a state of zero",
    FactorsRounded(("SUB",), "SUB", 0.25, 0.2500001): "those of SUB, from 0.25 to 0.2500001",
    FactorsRounded(("ABS", "SUB"), "SUB", 0.25, 0.2500001): "those of ABS, SUB, the most in SUB,"
    " from 0.25 to 0.2500001",
    RunTwiceDiffers(0.00123): "run twice on the same input, it differs by RMS 0.00123",
    Way.LEAKS_INTO_NEXT: "from each sequence into the next",
}
"""How a mistake may be made, and the words for it."""

HOWS = tuple(WORDS)

LINT = LintShows("bias-scale", "the bias of FULLY_CONNECTED #3 is shared")
BEYOND = InputsBeyondScale(-1.28, 1.27, 0.18, (0.08,) * 8, 0.18)
GROWS = ErrorGrows((StepError(10, 0.0503), StepError(100, 0.503), StepError(199, 1.0)))
SPOILT = NotFinite(RungName.TFLITE, 12, False, 3, 5, ("w", "b"), "FULLY_CONNECTED", "dense")
ALIKE = Imitated(12, 360, 3)
EVIDENCE: tuple[Evidence, ...] = (LINT, BEYOND, GROWS, SPOILT, ALIKE)

TENSOR = TensorDifference(2, 42, "cell/Sigmoid", "int8", 3, 8, 7.0, 5, 12.0, 19.0)
FLOATS = TensorDifference(0, 4, "h", "float32", 1, 6, 0.25, 0, 0.5, 0.75)
CULPRIT = Culprit(3, 2, 17, "LOGISTIC", Manner.COMPUTES_DIFFERENTLY, TENSOR, loop=1, time_step=4)

EXPLANATION = Explanation(
    causes=(
        Cause(
            CauseKind.GATE_ORDER,
            Mistake(GatesReordered(("r", "z", "h"), ("z", "r", "h")), ("upper",)),
            site=CULPRIT,
            share=0.999,
            difference=0.1234,
            left=0.0039,
            evidence=(LINT,),
            rivals=(
                Candidate(
                    CauseKind.ACTIVATION,
                    Mistake(OtherFunction("relu", "tanh", False)),
                    0.99,
                    0.01,
                    (Mistake(OtherFunction("linear", "tanh", False)),),
                ),
            ),
            judged_on=12,
        ),
    ),
    descent=Descent(7, 4, CULPRIT, origin=Origin.OPERATOR),
    saturated=(Saturated(3, 1, 9, "x", "ADD", 0.75),),
    not_examined=(NotExamined(Unexamined.NOT_COVERED, "layer x is a Conv2D"),),
)
