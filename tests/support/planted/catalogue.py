"""What is planted where, and what a report must say about it: one table for test and reader.

`MODELS` are mistakes in a converted model, `FIRMWARE` mistakes of a firmware on a right one,
`LINTS` mistakes that stop a model before it is flashed, `NOTES` what lints say of one that is not
stopped.
"""

from __future__ import annotations

from dataclasses import dataclass

from tflm_hil.explain.rank import KERNEL_VARIANTS, NOT_DETERMINISTIC
from tflm_hil.explain.suspects import SUSPECTS

NAMES = {
    suspect.number: suspect.name for suspect in (*SUSPECTS, KERNEL_VARIANTS, NOT_DETERMINISTIC)
} | {4: "dynamic shapes in a loop", 20: "float islands"}
COUNT = 25


@dataclass(frozen=True)
class Planted:
    """`number` of the list of silent failures; `where` it is planted, for a reader; `variant` is
    the id in the zoo; `says` must stand in what the report says."""

    number: int
    where: str
    variant: str
    says: str


CONVERTER = "model handed to the converter"
FILE = "flatbuffer"
CONVERSION = "conversion"
TRAINED = "Keras model"

MODELS = (
    Planted(3, CONVERTER, "seeded-int8-shift-from-zero", "it starts at zero"),
    Planted(6, FILE, "lstm-int8-step-swapped", "after every step"),
    Planted(7, FILE, "lstm-int8-fused-scales", "it is read as 0.7"),
    Planted(8, CONVERSION, "growing-int16x8-unrolled-shared", "all steps share one recurrent bias"),
    Planted(9, CONVERSION, "integrator-float32-fused-clip", "at ±10"),
    Planted(10, CONVERSION, "slow-int8-step-drift", "at step 100"),
    Planted(11, CONVERSION, "lstm-int8-shift-narrow", "of the inputs lie beyond the input's scale"),
    Planted(12, FILE, "lstm-int8-shift-normalised", "what arrives is 0.497·x +0.465"),
    Planted(12, CONVERTER, "simple-int8-unrolled-rescaled", "what arrives is 0.497·x +0.196"),
    Planted(13, CONVERTER, "lstm-int8-shift-features", "features reversed"),
    Planted(14, CONVERTER, "lstm-int8-unrolled-late", "1 step late, filled with zero"),
    Planted(14, CONVERTER, "classes-int8-shift-backwards", "in reversed order"),
    Planted(15, CONVERTER, "lstm-float32-unrolled-turned", "is read as [time, features]"),
    Planted(16, CONVERTER, "masked-int8-shift-unmasked", "padding runs as data"),
    Planted(17, CONVERTER, "lstm-int8-shift-gates", "i, c, f, o instead of i, f, c, o"),
    Planted(17, CONVERTER, "lstm-float32-fused-gates", "i, f, o, c instead of i, f, c, o"),
    Planted(17, CONVERTER, "gru-int8-shift-gates", "r, z, h instead of z, r, h"),
    Planted(17, CONVERTER, "stack-int8-shift-gates", "instead of z, r, h in layer upper"),
    Planted(18, CONVERTER, "lstm-int8-shift-bias", "all biases are missing"),
    Planted(18, CONVERTER, "gru-int8-shift-no-bias", "all biases are missing"),
    Planted(18, CONVERTER, "gru-float32-shift-one-bias", "the recurrent bias is missing"),
    Planted(18, CONVERTER, "gru-float32-shift-reset-before", "the reset acts before the product"),
    Planted(19, CONVERSION, "hard-float32-unrolled-keras2",
            "hard_sigmoid_keras2 instead of hard_sigmoid"),
    Planted(19, CONVERTER, "lstm-float32-shift-hard", "hard_sigmoid instead of sigmoid"),
    Planted(19, CONVERTER, "stack-float32-shift-hard", "in the gates in layer upper"),
    Planted(19, CONVERTER, "simple-float32-shift-relu", "relu instead of tanh"),
    Planted(23, CONVERTER, "both-float32-unrolled-forwards", "it reads the sequence forwards"),
    Planted(23, CONVERTER, "both-int8-unrolled-unturned", "its outputs stay in reversed order"),
    Planted(24, CONVERTER, "decoder-float32-unrolled-zero-seed", "the first input is zero"),
    Planted(24, CONVERTER, "decoder-float32-unrolled-forgetful", "state is not handed over"),
    Planted(25, TRAINED, "random-int8-shift-dropout", "run twice on the same input"),
)  # fmt: skip

# (mistake of the firmware, folder, variant) of a right model; see `poison`.
ENGINE, APPLICATION, INPUT = "engine", "firmware, state feedback", "firmware, way of the input"
FIRMWARE = (
    Planted(1, APPLICATION, "leaks_lstm-int8-fused", "from each sequence into the next"),
    Planted(1, APPLICATION, "leaks_lstm-int8-step", "from each sequence into the next"),
    Planted(2, ENGINE, "wipes_chunks-int8-fused", "every 4 steps"),
    Planted(2, APPLICATION, "wipes_lstm-int8-step", "before every step"),
    Planted(5, APPLICATION, "naive_lstm-int8-step", "state c comes back as 0.866·c"),
    Planted(6, APPLICATION, "swaps_lstm-int8-step", "after every step, as bytes"),
    Planted(12, INPUT, "halves_stack-int8-shift", "what arrives is 0.499·x"),
    Planted(13, INPUT, "reverses_lstm-int8-fused", "features reversed"),
    Planted(14, INPUT, "late_gru-int16x8-step", "1 step late, begun with the sequence before"),
    Planted(15, INPUT, "transposes_gru-int8-shift", "is read as [time, features]"),
    Planted(19, ENGINE, "hard_both-float32-unrolled", "hard_sigmoid instead of sigmoid"),
    Planted(21, ENGINE, "overlaps_gru-int8-shift", "overlap in the arena"),
    Planted(21, ENGINE, "overlaps_simple-int8-unrolled", "overlap in the arena"),
    Planted(22, ENGINE, "rounds_simple-int8-unrolled", "given the same, TANH is off by 1 LSB"),
)

LINTS = (
    Planted(4, CONVERSION, "every-float32-loop-dynamic", "dynamic-shape-in-loop"),
    Planted(7, FILE, "lstm-int8-fused-scales", "fused-state-scales"),
    Planted(8, CONVERSION, "growing-int16x8-unrolled-shared", "bias-scale"),
)
NOTES = (
    Planted(5, CONVERSION, "lstm-int8-step", "state-scales"),
    Planted(9, CONVERSION, "integrator-float32-fused-clip", "cell-clip"),
    Planted(20, CONVERSION, "island-int8-unrolled-island", "float-island"),
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
    found = []
    for variant in (*(item.variant for item in FIRMWARE), *(item.variant for item in SLIPS)):
        model, name = variant.split("-", 1)
        mistake, folder = model.split("_")
        found.append((mistake, folder, name))
    return found


def folders() -> set[str]:
    """The model folders that are needed."""
    planted = {item.variant.split("-")[0] for item in (*MODELS, *LINTS, *NOTES)}
    return (
        planted | {folder for _, folder, _ in poisoned()} | {name.split("-")[0] for name in RIGHT}
    )
