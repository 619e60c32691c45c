"""Words for the kinds of mistakes: the name, what happens, how it is found, what to do.

docs/mistakes.md is made here:

    python -m tflm_hil.report.render.kinds > docs/mistakes.md
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tflm_hil.report.kinds import CauseKind


@dataclass(frozen=True)
class Words:
    """`name` as a clause; what `happens`, how a report `finds` it and a `remedy`, as sentences."""

    name: str
    happens: str
    finds: str
    remedy: str


KNOWN: Mapping[CauseKind, Words] = {
    CauseKind.STATE_LEAKS: Words(
        "state leaks",
        "A sequence starts with the state that the one before it left.",
        "Computed: all sequences in one, without a reset.",
        "Send RESET before every sequence.",
    ),
    CauseKind.STATE_LOST: Words(
        "state is lost",
        "The state is zero again in the middle of a sequence: at an Invoke, a chunk, a moment.",
        "Computed: the state wiped every few steps, or once.",
        "Keep the state from Invoke to Invoke.",
    ),
    CauseKind.INITIAL_STATE_IGNORED: Words(
        "initial state is ignored",
        "A sequence starts at zero where the model asks for another state.",
        "Computed: the network from a state of zero.",
        "Set the state after RESET, which makes it zero.",
    ),
    CauseKind.DYNAMIC_SHAPE: Words(
        "shapes in a loop are dynamic",
        "TFLM plans memory for shapes that a loop changes: it hangs, or puts out garbage.",
        "Lint `dynamic-shape-in-loop`, before anything is flashed.",
        "Export `unrolled` or `shift`.",
    ),
    CauseKind.STATE_SCALE: Words(
        "state is fed back on another scale",
        "A state's bytes are copied to an input of another scale or zero point.",
        "Computed: a state that comes back as a·state + b, figures fitted; lint `state-scales`.",
        "Requantise between state output and state input; `hil inspect` lints their scales.",
    ),
    CauseKind.STATES_SWAPPED: Words(
        "states h and c are swapped",
        "An LSTM gets c for h and h for c; both have one shape, so nothing complains.",
        "Computed: both exchanged after every step, as numbers or as bytes.",
        "Bind states by signature name, not by tensor order.",
    ),
    CauseKind.OUTPUT_SCALE: Words(
        "output is read on the scale of another tensor",
        "A fused LSTM's output has another scale than its output state, and one is taken for both.",
        "Computed: the output as a·h + b, figures fitted; lint `fused-state-scales`.",
        "Give output and output state one scale; `hil inspect` lints them.",
    ),
    CauseKind.BIAS_SCALE: Words(
        "bias is on the wrong scale",
        "One quantised bias serves steps whose inputs have other scales.",
        "Computed: a bias that counts more from step 1 on; lint `bias-scale`.",
        "Export the single step, or GRU with reset_after=False; `hil inspect` lints it.",
    ),
    CauseKind.CELL_CLIPPED: Words(
        "cell state is clipped",
        "The fused LSTM bounds c (at ±10) or its integer type does; Keras does not.",
        "Computed: |c| bounded, the bound fitted; lint `cell-clip`.",
        "Keep |c| below the bound, or export without the fused operator.",
    ),
    CauseKind.ERROR_GROWS: Words(
        "error grows with the length",
        "Small errors of the recurrent weights or of the state add up from step to step.",
        "The error at steps 10, 100 and 1000; computed: recurrent weights off by a factor.",
        "Quantise the state finer (int16), or reset it more often.",
    ),
    CauseKind.CALIBRATION_RANGE: Words(
        "calibration range is too narrow",
        "Values beyond what calibration saw saturate.",
        "Computed: inputs and all ranges cut off; the share of inputs beyond the input's scale.",
        "Calibrate with data as large as those in use.",
    ),
    CauseKind.NORMALISATION: Words(
        "normalisation differs",
        "The device's inputs have another mean or scale than those of the training.",
        "Computed: inputs a·x + b, figures fitted.",
        "Use the training's mean and scale on the device.",
    ),
    CauseKind.FEATURE_ORDER: Words(
        "feature order differs",
        "The elements of a step are in another place: order, stride, header, byte order.",
        "Computed: features reversed, rotated, late, or exchanged in pairs.",
        "Check order, stride and byte order of a step's elements.",
    ),
    CauseKind.TIME_SHIFT: Words(
        "sequence is shifted in time",
        "A window starts one or two steps early or late, or runs backwards.",
        "Computed: the sequence moved, with several fillings of the hole, and reversed.",
        "Check where the window starts, and its direction.",
    ),
    CauseKind.AXES_EXCHANGED: Words(
        "time and features are exchanged",
        "[time, features] is read as [features, time], or the other way round.",
        "Computed: the memory of the inputs read in the other order.",
        "Send [time, features], with the features of a step side by side.",
    ),
    CauseKind.MASK_IGNORED: Words(
        "mask is ignored",
        "Padding runs through the network as data, or stands at the other end.",
        "Computed: the network without its mask, and with the padding moved.",
        "Stop at the sequence's length, or keep the state during padding.",
    ),
    CauseKind.GATE_ORDER: Words(
        "gate order differs",
        "The weights of the gates are in another order than the cell takes them.",
        "Computed: every other order of the gates, in all layers and in each.",
        "Put the gates in Keras' order: z, r, h (GRU) or i, f, c, o (LSTM).",
    ),
    CauseKind.BIAS_OR_RESET: Words(
        "bias or reset of the cell differs",
        "A bias is missing, or a GRU resets on the other side of the product.",
        "Computed: the cell without one or all biases, and with the other reset.",
        "Check use_bias and reset_after of the exported layer.",
    ),
    CauseKind.ACTIVATION: Words(
        "activation differs",
        "Another function stands in for the sigmoid or the tanh.",
        "Computed: every other function, in the gates and outside.",
        "Name the function you mean: hard_sigmoid is not the same in Keras 2 and Keras 3.",
    ),
    CauseKind.FLOAT_ISLAND: Words(
        "floats between integers",
        "Operators of an integer model compute in float: larger and slower than they look.",
        "Lint `float-island`.",
        "Export in another form, or accept what it costs; `hil inspect` lists them.",
    ),
    CauseKind.MEMORY_OVERLAP: Words(
        "memory is overwritten",
        "A tensor that is still needed is overwritten: by the input, a state, a scratch buffer.",
        "The sequence is right with memory of its own for each tensor, and wrong without;"
        " computed: a state that the input or the other state overwrites.",
        "Check the memory planner, and scratch buffers and DMA that write past their end.",
    ),
    CauseKind.KERNEL_FORGETS: Words(
        "kernel forgets its state between calls",
        "CMSIS-NN's fused int8 LSTM begins every Invoke with a state of zero; upstream's reference"
        " kernel goes on from the one before.",
        "Our engine, made to forget likewise on the desktop, gives what the board gives, bit for"
        " bit; `hil compare-engines` shows which engines keep a state.",
        "Build the TFLM tree without OPTIMIZED_KERNEL_DIR=cmsis_nn; or export `step`, whose state"
        " is an input and an output; or give a whole sequence to one Invoke, from a reset each.",
    ),
    CauseKind.SINGLE_PRECISION: Words(
        "factors are rounded to single precision",
        "Trees of TFLM that are older than the desktop wheel multiply and divide scales in single"
        " precision; results change by 1 LSB, more where a state adds them up.",
        "Our engine, made to round likewise on the desktop, gives what the board gives, bit for"
        " bit.",
        "Build a TFLM tree as new as the desktop wheel (`pip show tflite-micro` says of which day"
        " it is); nothing is wrong with the model.",
    ),
    CauseKind.KERNEL_VARIANTS: Words(
        "kernel variants round differently",
        "Two libraries of kernels round the same product to neighbouring integers.",
        "No difference above 2 LSB, of all outputs or of the first operator that differs.",
        "Compare with desktop TFLM, not TFLite; allow as many LSB as the kernel library documents.",
    ),
    CauseKind.BACKWARD_HALF: Words(
        "backward half is wrong",
        "The backward half of a bidirectional layer is read, written or placed wrongly.",
        "Computed: it reads forwards, stays reversed, comes first, has the forward weights.",
        "Test with a palindrome: both halves must see the same.",
    ),
    CauseKind.DECODER_START: Words(
        "decoder starts wrongly",
        "A decoder starts with another first input, or without the encoder's state.",
        "Computed: zero, one and every symbol as first input; a state of zero.",
        "Hand over the encoder's state, and give the start symbol first.",
    ),
    CauseKind.REFERENCE_VARIES: Words(
        "reference is not deterministic",
        "The reference differs from itself: dropout in use, threads, a resolver that varies.",
        "Each reference is run twice.",
        "Fix the resolver, the number of threads and the seed of the reference, and record them.",
    ),
    CauseKind.NOT_FINITE: Words(
        "a value is NaN or infinite",
        "A weight is NaN or infinite, or an operator gives such a value; all that follows is lost.",
        "Outputs, states and weights are looked at on every rung; lint `not-finite-weight`.",
        "Check the first place named: a weight (diverged training, lost in conversion), a"
        " division, root or logarithm of zero, or an overflow.",
    ),
}


def name(kind: CauseKind) -> str:
    """A known mistake as a clause."""
    return KNOWN[kind].name


def remedy(kind: CauseKind) -> str:
    """What to do about a known mistake; "" for UNKNOWN."""
    return KNOWN[kind].remedy if kind in KNOWN else ""


def page() -> str:
    """docs/mistakes.md."""
    rows = [
        (f"`{kind}`", known.name, known.happens, known.finds, known.remedy)
        for kind, known in KNOWN.items()
    ]
    return "\n".join([HEAD, *map(_row, rows), ""])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


HEAD = """\
# Mistakes that a report names

A recurrent network can be wrong without any error message. These are the mistakes that tflm-hil
knows: `kind` is what a report's JSON holds (`explanation.causes[].kind`), the name is what a
report says. "Computed" means that the network's outputs are computed as they would be with the
mistake made, and compared with what the device or the runtime put out; see
`harness/tflm_hil/explain/`. This page is made from
`harness/tflm_hil/report/render/kinds.py`.

| kind | name | what happens | how it is found | remedy |
|---|---|---|---|---|"""


if __name__ == "__main__":
    sys.stdout.write(page())
