"""What is planted where, and what a report must say about it: one table for test and reader.

`MODELS` are mistakes in a converted model, `FIRMWARE` mistakes of a firmware on a right one,
`LINTS` mistakes that stop a model before it is flashed, `NOTES` what lints say of one that is not
stopped.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tflm_hil.report.causes import ErrorGrows, Evidence, InputsBeyondScale
from tflm_hil.report.kinds import CauseKind
from tflm_hil.report.mistakes import (
    BiasShared,
    CellBounded,
    Fill,
    GatesReordered,
    How,
    InputScaled,
    OperatorRounds,
    OtherFunction,
    OutputReadAs,
    RunTwiceDiffers,
    Shifted,
    StateReadAs,
    StatesExchangedAsBytes,
    Way,
    WipedEvery,
)


@dataclass(frozen=True)
class Planted:
    """A mistake: `where` it is planted, for a reader; `variant` is the id in the zoo.

    `shows` is how it must be said to be made, or the evidence of it: a record with its figures, or
    the type of one whose figures depend on rounding. `layers` is where in the network.
    """

    kind: CauseKind
    where: str
    variant: str
    shows: How | type[How] | type[Evidence]
    layers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Linted:
    """A mistake that a lint names by its `code`."""

    kind: CauseKind
    where: str
    variant: str
    code: str


CONVERTER = "model handed to the converter"
FILE = "flatbuffer"
CONVERSION = "conversion"
TRAINED = "Keras model"

LSTM, GRU = ("i", "f", "c", "o"), ("z", "r", "h")
HARD = OtherFunction("hard_sigmoid", "sigmoid", in_gates=True)
UPPER = ("upper",)
ANY = math.nan  # a figure that depends on rounding

MODELS = (
    Planted(
        CauseKind.INITIAL_STATE_IGNORED,
        CONVERTER,
        "seeded-int8-shift-from-zero",
        Way.STARTS_AT_ZERO,
    ),
    Planted(CauseKind.STATES_SWAPPED, FILE, "lstm-int8-step-swapped", Way.STATES_EXCHANGED),
    Planted(CauseKind.OUTPUT_SCALE, FILE, "lstm-int8-fused-scales", OutputReadAs(0.7, ANY)),
    Planted(CauseKind.BIAS_SCALE, CONVERSION, "growing-int16x8-unrolled-shared", BiasShared),
    Planted(CauseKind.CELL_CLIPPED, CONVERSION, "integrator-float32-fused-clip", CellBounded(10.0)),
    Planted(CauseKind.ERROR_GROWS, CONVERSION, "slow-int8-step-drift", ErrorGrows),
    Planted(CauseKind.CALIBRATION_RANGE, CONVERSION, "lstm-int8-shift-narrow", InputsBeyondScale),
    Planted(CauseKind.NORMALISATION, FILE, "lstm-int8-shift-normalised", InputScaled(0.497, 0.465)),
    Planted(
        CauseKind.NORMALISATION,
        CONVERTER,
        "simple-int8-unrolled-rescaled",
        InputScaled(0.497, 0.196),
    ),
    Planted(CauseKind.FEATURE_ORDER, CONVERTER, "lstm-int8-shift-features", Way.FEATURES_REVERSED),
    Planted(CauseKind.TIME_SHIFT, CONVERTER, "lstm-int8-unrolled-late", Shifted(1, Fill.ZERO)),
    Planted(CauseKind.TIME_SHIFT, CONVERTER, "classes-int8-shift-backwards", Way.TIME_REVERSED),
    Planted(
        CauseKind.AXES_EXCHANGED,
        CONVERTER,
        "lstm-float32-unrolled-turned",
        Way.FEATURES_READ_AS_TIME,
    ),
    Planted(CauseKind.MASK_IGNORED, CONVERTER, "masked-int8-shift-unmasked", Way.PADDING_AS_DATA),
    Planted(
        CauseKind.GATE_ORDER,
        CONVERTER,
        "lstm-int8-shift-gates",
        GatesReordered(("i", "c", "f", "o"), LSTM),
    ),
    Planted(
        CauseKind.GATE_ORDER,
        CONVERTER,
        "lstm-float32-fused-gates",
        GatesReordered(("i", "f", "o", "c"), LSTM),
    ),
    Planted(
        CauseKind.GATE_ORDER,
        CONVERTER,
        "gru-int8-shift-gates",
        GatesReordered(("r", "z", "h"), GRU),
    ),
    Planted(
        CauseKind.GATE_ORDER,
        CONVERTER,
        "stack-int8-shift-gates",
        GatesReordered(("r", "z", "h"), GRU),
        UPPER,
    ),
    Planted(CauseKind.BIAS_OR_RESET, CONVERTER, "lstm-int8-shift-bias", Way.BIASES_MISSING),
    Planted(CauseKind.BIAS_OR_RESET, CONVERTER, "gru-int8-shift-no-bias", Way.BIASES_MISSING),
    Planted(
        CauseKind.BIAS_OR_RESET, CONVERTER, "gru-float32-shift-one-bias", Way.RECURRENT_BIAS_MISSING
    ),
    Planted(
        CauseKind.BIAS_OR_RESET,
        CONVERTER,
        "gru-float32-shift-reset-before",
        Way.RESET_BEFORE_PRODUCT,
    ),
    Planted(
        CauseKind.ACTIVATION,
        CONVERSION,
        "hard-float32-unrolled-keras2",
        OtherFunction("hard_sigmoid_keras2", "hard_sigmoid", in_gates=True),
    ),
    Planted(CauseKind.ACTIVATION, CONVERTER, "lstm-float32-shift-hard", HARD),
    Planted(CauseKind.ACTIVATION, CONVERTER, "stack-float32-shift-hard", HARD, UPPER),
    Planted(
        CauseKind.ACTIVATION,
        CONVERTER,
        "simple-float32-shift-relu",
        OtherFunction("relu", "tanh", in_gates=False),
    ),
    Planted(
        CauseKind.BACKWARD_HALF,
        CONVERTER,
        "both-float32-unrolled-forwards",
        Way.BACKWARD_READS_FORWARDS,
    ),
    Planted(
        CauseKind.BACKWARD_HALF,
        CONVERTER,
        "both-int8-unrolled-unturned",
        Way.BACKWARD_STAYS_REVERSED,
    ),
    Planted(
        CauseKind.DECODER_START,
        CONVERTER,
        "decoder-float32-unrolled-zero-seed",
        Way.FIRST_INPUT_ZERO,
    ),
    Planted(
        CauseKind.DECODER_START,
        CONVERTER,
        "decoder-float32-unrolled-forgetful",
        Way.ENCODER_STATE_MISSING,
    ),
    Planted(CauseKind.REFERENCE_VARIES, TRAINED, "random-int8-shift-dropout", RunTwiceDiffers),
)

# Right models on a firmware that makes a mistake for those of this name; see `poison`.
ENGINE, APPLICATION, INPUT = "engine", "firmware, state feedback", "firmware, way of the input"
FIRMWARE = (
    Planted(CauseKind.STATE_LEAKS, APPLICATION, "leaks_lstm-int8-fused", Way.LEAKS_INTO_NEXT),
    Planted(CauseKind.STATE_LEAKS, APPLICATION, "leaks_lstm-int8-step", Way.LEAKS_INTO_NEXT),
    Planted(CauseKind.STATE_LOST, ENGINE, "wipes_chunks-int8-fused", WipedEvery(4)),
    Planted(CauseKind.STATE_LOST, APPLICATION, "wipes_lstm-int8-step", WipedEvery(1)),
    Planted(
        CauseKind.STATE_SCALE, APPLICATION, "naive_lstm-int8-step", StateReadAs("c", 0.866, ANY)
    ),
    Planted(CauseKind.STATES_SWAPPED, APPLICATION, "swaps_lstm-int8-step", StatesExchangedAsBytes),
    Planted(CauseKind.NORMALISATION, INPUT, "halves_stack-int8-shift", InputScaled(0.499, ANY)),
    Planted(CauseKind.FEATURE_ORDER, INPUT, "reverses_lstm-int8-fused", Way.FEATURES_REVERSED),
    Planted(
        CauseKind.TIME_SHIFT, INPUT, "late_gru-int16x8-step", Shifted(1, Fill.PREVIOUS_SEQUENCE)
    ),
    Planted(
        CauseKind.AXES_EXCHANGED, INPUT, "transposes_gru-int8-shift", Way.FEATURES_READ_AS_TIME
    ),
    Planted(CauseKind.ACTIVATION, ENGINE, "hard_both-float32-unrolled", HARD),
    Planted(CauseKind.MEMORY_OVERLAP, ENGINE, "overlaps_gru-int8-shift", Way.TENSORS_OVERLAP),
    Planted(CauseKind.MEMORY_OVERLAP, ENGINE, "overlaps_simple-int8-unrolled", Way.TENSORS_OVERLAP),
    Planted(
        CauseKind.KERNEL_VARIANTS,
        ENGINE,
        "rounds_simple-int8-unrolled",
        OperatorRounds("TANH", 1.0),
    ),
)

LINTS = (
    Linted(
        CauseKind.DYNAMIC_SHAPE, CONVERSION, "every-float32-loop-dynamic", "dynamic-shape-in-loop"
    ),
    Linted(CauseKind.OUTPUT_SCALE, FILE, "lstm-int8-fused-scales", "fused-state-scales"),
    Linted(CauseKind.BIAS_SCALE, CONVERSION, "growing-int16x8-unrolled-shared", "bias-scale"),
)
NOTES = (
    Linted(CauseKind.STATE_SCALE, CONVERSION, "lstm-int8-step", "state-scales"),
    Linted(CauseKind.CELL_CLIPPED, CONVERSION, "integrator-float32-fused-clip", "cell-clip"),
    Linted(CauseKind.FLOAT_ISLAND, CONVERSION, "island-int8-unrolled-island", "float-island"),
)


@dataclass(frozen=True)
class Slip:
    """A kernel that forgets the last element of every row, and what a descent must name."""

    variant: str
    operator: str
    subgraph: int
    time_step: int | None


# Of the recurrent product: the state is zero before the first step, so it shows at the second.
SLIPS = (
    Slip("slips_simple-int8-unrolled", "FULLY_CONNECTED", 0, 0),
    Slip("slips_gru-int8-shift", "FULLY_CONNECTED", 2, 0),
    Slip("slips_hard-float32-shift", "FULLY_CONNECTED", 2, 0),
    Slip("slips_stack-int8-shift", "FULLY_CONNECTED", 2, 0),
    Slip("slips_lstm-int8-fused", "UNIDIRECTIONAL_SEQUENCE_LSTM", 0, None),
    Slip("slips_lstm-int8-step", "FULLY_CONNECTED", 0, None),
)
RIGHT = ("lstm-int8-shift", "lstm-int8-fused", "lstm-float32-fused", "gru-int8-shift",
         "stack-int8-shift", "hard-float32-shift", "both-float32-unrolled", "classes-int8-shift",
         "seeded-float32-unrolled", "decoder-float32-unrolled", "integrator-float32-shift",
         "slow-int16x8-step", "growing-int16x8-step", "gru-int16x8-step", "simple-int8-unrolled",
         "chunks-int8-fused",
         "lstm-int8-step")  # fmt: skip


def poisoned() -> list[tuple[str, str, str]]:
    """(mistake, folder, variant) of everything that the poisoned firmware runs."""
    planted = []
    for variant in (*(item.variant for item in FIRMWARE), *(item.variant for item in SLIPS)):
        model, name = variant.split("-", 1)
        mistake, folder = model.split("_")
        planted.append((mistake, folder, name))
    return planted


def folders() -> set[str]:
    """The model folders that are needed."""
    planted = {item.variant.split("-")[0] for item in (*MODELS, *LINTS, *NOTES)}
    return (
        planted | {folder for _, folder, _ in poisoned()} | {name.split("-")[0] for name in RIGHT}
    )
