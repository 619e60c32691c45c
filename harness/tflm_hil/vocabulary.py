"""The names that everything else uses: rungs, engines, tasks, exports, types, measures, units.

One table each, below all rooms. Whoever needs a title, an order or a unit reads it here; a name is
a member of an enumeration and compares equal to the word that stands in files and reports.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class RungName(StrEnum):
    """The rungs of the ladder, oldest first: each is compared with the last one before it."""

    CELLS = "cells"
    KERAS = "keras"
    TFLITE = "tflite"
    TFLM = "tflm"
    DEVICE = "device"


@dataclass(frozen=True)
class RungFacts:
    """`title` is for sentences, `column` for tables. `can_differ` says what can be different
    between this rung and the one before it, `step` names the way from there; both are empty for
    the first.
    """

    title: str
    column: str
    can_differ: str = ""
    step: str = ""


RUNGS: Mapping[RungName, RungFacts] = {
    RungName.CELLS: RungFacts("the cell equations", "cells"),
    RungName.KERAS: RungFacts(
        "Keras",
        "Keras",
        "an activation, a gate order or a weight that the two read differently",
        "Keras: its layers against the cell equations",
    ),
    RungName.TFLITE: RungFacts(
        "TFLite",
        "TFLite",
        "conversion or quantisation",
        "conversion: quantisation and the exported graph",
    ),
    RungName.TFLM: RungFacts(
        "desktop TFLM",
        "TFLM",
        "the runtime's kernels",
        "runtime: TFLite's kernels against TFLM's",
    ),
    RungName.DEVICE: RungFacts(
        "the device",
        "board",
        "compiler, kernel library, state or memory on the target",
        "target: compiler, kernels and hardware",
    ),
}

FRAMEWORKS = tuple(name for name in RungName if name is not RungName.DEVICE)
"""The rungs that a desktop computes: the references."""


class Engine(StrEnum):
    """Inference engines, as the firmware names itself in HELLO."""

    BUILTIN = "builtin"
    TFLM = "tflm"


class Certainty(StrEnum):
    """What a figure that was worked out beforehand is worth."""

    EXACT = "exact"
    APPROXIMATE = "approximate"
    UNKNOWN = "unknown"


class Task(StrEnum):
    """What the labels of a model mean."""

    CLASSIFICATION = "classification"
    REGRESSION = "regression"
    ANOMALY = "anomaly"


class LabelKind(StrEnum):
    """What labels are to outputs."""

    CLASSES = "class numbers"
    ONE_HOT = "one-hot rows"
    BINARY = "0 or 1"  # of a single output, which decides at one half
    SCORES = "normal or anomalous"  # of a single output, which is a score
    RECONSTRUCTION = "normal or anomalous, of what is put out again"  # an autoencoder's input
    VALUES = "true values"


class StateBasis(StrEnum):
    """Why an output of a model is held to be the next value of one of its inputs, the surest
    first.
    """

    DECLARED = "declared"  # by the manifest or --hil-state
    SIGNATURE = "signature"  # the signature calls them h and h_next
    NAMES = "names"  # both ends bear one name, which is that of a state
    ONLY_FIT = "only-fit"  # the input is named as a state, and one output alone fits it
    SCALE = "scale"  # ... several fit; one has the input's scale
    GRAPH = "graph"  # ... several fit; one is nearest to the input in the graph
    AMBIGUOUS = "ambiguous"  # ... several fit, and nothing tells which
    SHAPE = "shape"  # an output fits the input; no name says that it is a state

    @property
    def sure(self) -> bool:
        """Whether such a state is fed back without being asked for."""
        return self not in (StateBasis.AMBIGUOUS, StateBasis.SHAPE)


class StateKeeper(StrEnum):
    """Who keeps a state from inference to inference."""

    CALLER = "caller"  # it is an input and an output, and is fed back
    NOBODY = "nobody"  # it may be one, and is fed as data
    VARIABLE = "variable"  # a variable tensor of an operator
    RESOURCE = "resource"  # a resource variable, which the model assigns
    OPERATOR = "operator"  # memory of its own in an operator, which no tensor shows


class StepBasis(StrEnum):
    """How it is known how many steps of time one inference takes."""

    DECLARED = "declared"  # by the manifest
    FUSED = "fused"  # the time axis of a fused recurrent operator
    LOOP = "loop"  # the trip count of a loop
    UNROLLED = "unrolled"  # a chain through the slices of an input
    STATE = "state"  # a state is kept from inference to inference, and nothing recurs within
    KERAS = "keras"  # the time axis of the Keras model, which has a recurrent layer


class ExportKind(StrEnum):
    """How a Keras model is brought to TFLite (`tflm_hil.models.convert.exports`)."""

    LOOP = "loop"
    UNROLLED = "unrolled"
    FUSED = "fused"
    SHIFT = "shift"
    STEP = "step"


AS_GIVEN = "as given"
"""In place of an export, for a `.tflite` that came from elsewhere."""


class ElementType(StrEnum):
    """Types of a model's inputs and outputs."""

    FLOAT32 = "float32"
    INT8 = "int8"
    INT16 = "int16"
    UINT8 = "uint8"
    INT32 = "int32"
    INT64 = "int64"
    BOOL = "bool"


class Precision(StrEnum):
    """What a model can be converted to: the types of its activations and its weights."""

    FLOAT32 = "float32"
    INT8 = "int8"
    INT16X8 = "int16x8"


ELEMENTS: Mapping[str, ElementType] = {
    Precision.FLOAT32: ElementType.FLOAT32,
    Precision.INT8: ElementType.INT8,
    Precision.INT16X8: ElementType.INT16,
}
"""Type of inputs and outputs of what was converted, as the manifest says it."""


class Severity(StrEnum):
    """Of a finding in a file, the worst first. An error is refused, hangs or computes wrong; a
    warning is right only if something else is; a note is good to know.
    """

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Unit(StrEnum):
    """Units of measures. `ONE` is a pure number; `OUTPUT` the unit of the model's outputs."""

    ONE = "1"
    OUTPUT = "output"
    LSB = "LSB"
    VALUES = "values"
    CYCLES = "cycles"
    BYTES = "bytes"
    FRAMES = "frames"


class Measure(StrEnum):
    """Everything that is measured of a variant."""

    # of a rung
    MAX_ABS = "max_abs"
    MAX_REL = "max_rel"  # max_abs in units of the largest |output|, at least of 1
    MEAN_ABS = "mean_abs"
    RMSE = "rmse"
    COSINE = "cosine"
    MAX_LSB = "max_lsb"
    DIFFERING = "differing"
    ARGMAX_AGREEMENT = "argmax_agreement"
    ACCURACY = "accuracy"
    LABEL_RMSE = "label_rmse"
    AUC = "auc"  # area under the ROC curve
    NONFINITE = "nonfinite"  # values that are NaN or infinite
    # over long sequences
    EXCESS = "excess"  # how many times further than rounding explains
    MAX_SHARE = "max_share"  # |Δ| of each value, of the value itself or of 1
    # costs
    CYCLES_STREAMED_MIN = "cycles.streamed.min"
    CYCLES_STREAMED_P50 = "cycles.streamed.p50"
    CYCLES_STREAMED_P99 = "cycles.streamed.p99"
    CYCLES_STREAMED_MAX = "cycles.streamed.max"
    CYCLES_COLD_MIN = "cycles.cold.min"
    CYCLES_COLD_P50 = "cycles.cold.p50"
    CYCLES_COLD_P99 = "cycles.cold.p99"
    CYCLES_COLD_MAX = "cycles.cold.max"
    CYCLES_WARM_MIN = "cycles.warm.min"
    CYCLES_WARM_P50 = "cycles.warm.p50"
    CYCLES_WARM_P99 = "cycles.warm.p99"
    CYCLES_WARM_MAX = "cycles.warm.max"
    ARENA = "arena"
    STACK = "stack"
    LINK_PAYLOAD = "link.payload"
    LINK_RETRANSMISSIONS = "link.retransmissions"
    LINK_PAYLOAD_SHARE = "link.payload_share"


@dataclass(frozen=True)
class MeasureFacts:
    """`title` is for sentences. `is_mean`: what holds for a whole set of sequences says nothing
    about a part of it; the others are extremes and counts, which a part keeps if the whole does.
    `alone`: a property of one rung, and not of a pair; `of_labels`: and that its closeness to the
    labels.
    """

    unit: Unit
    title: str
    is_mean: bool = False
    of_labels: bool = False
    alone: bool = False


RUNG_MEASURES: Mapping[Measure, MeasureFacts] = {
    Measure.MAX_ABS: MeasureFacts(Unit.OUTPUT, "the largest difference"),
    Measure.MAX_REL: MeasureFacts(Unit.ONE, "the largest difference, of the largest output"),
    Measure.MEAN_ABS: MeasureFacts(Unit.OUTPUT, "the mean difference", is_mean=True),
    Measure.RMSE: MeasureFacts(Unit.OUTPUT, "the RMS difference", is_mean=True),
    Measure.COSINE: MeasureFacts(Unit.ONE, "the cosine similarity", is_mean=True),
    Measure.MAX_LSB: MeasureFacts(Unit.LSB, "the largest difference"),
    Measure.DIFFERING: MeasureFacts(Unit.VALUES, "the count of differing values"),
    Measure.ARGMAX_AGREEMENT: MeasureFacts(Unit.ONE, "the share of equal decisions", is_mean=True),
    Measure.ACCURACY: MeasureFacts(
        Unit.ONE, "the accuracy", is_mean=True, of_labels=True, alone=True
    ),
    Measure.LABEL_RMSE: MeasureFacts(
        Unit.OUTPUT, "the RMS error to the true values", is_mean=True, of_labels=True, alone=True
    ),
    Measure.AUC: MeasureFacts(
        Unit.ONE, "the area under the ROC curve", is_mean=True, of_labels=True, alone=True
    ),
    Measure.NONFINITE: MeasureFacts(
        Unit.VALUES, "the count of values that are NaN or infinite", alone=True
    ),
}
"""What a manifest may set a limit on."""

CYCLE_MEASURES: Mapping[str, tuple[Measure, ...]] = {
    "streamed": (
        Measure.CYCLES_STREAMED_MIN,
        Measure.CYCLES_STREAMED_P50,
        Measure.CYCLES_STREAMED_P99,
        Measure.CYCLES_STREAMED_MAX,
    ),
    "cold": (
        Measure.CYCLES_COLD_MIN,
        Measure.CYCLES_COLD_P50,
        Measure.CYCLES_COLD_P99,
        Measure.CYCLES_COLD_MAX,
    ),
    "warm": (
        Measure.CYCLES_WARM_MIN,
        Measure.CYCLES_WARM_P50,
        Measure.CYCLES_WARM_P99,
        Measure.CYCLES_WARM_MAX,
    ),
}
"""Minimum, median, 99th percentile and maximum, by how the inferences were run (the fields of a
`CycleRecord`)."""

MEASURES: Mapping[Measure, MeasureFacts] = {
    **RUNG_MEASURES,
    Measure.EXCESS: MeasureFacts(Unit.ONE, "the distance, of what rounding explains"),
    Measure.MAX_SHARE: MeasureFacts(Unit.ONE, "the largest difference, of its value"),
    **{
        measure: MeasureFacts(Unit.CYCLES, "cycles of an inference")
        for measures in CYCLE_MEASURES.values()
        for measure in measures
    },
    Measure.ARENA: MeasureFacts(Unit.BYTES, "the tensor arena"),
    Measure.STACK: MeasureFacts(Unit.BYTES, "the stack"),
    Measure.LINK_PAYLOAD: MeasureFacts(Unit.BYTES, "the payload"),
    Measure.LINK_RETRANSMISSIONS: MeasureFacts(Unit.FRAMES, "repeated frames"),
    Measure.LINK_PAYLOAD_SHARE: MeasureFacts(Unit.ONE, "the line's share of payload"),
}
"""All measures, each once."""
