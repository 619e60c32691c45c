"""Why an integer model is not what it was converted from: what its inputs' scales say.

Facts only; their sentences are in `tflm_hil.models.convert.wording`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflm_hil.models.convert.samples import KerasInput, Sequences
from tflm_hil.models.tflite.inspect import Inspection
from tflm_hil.models.tflite.layout import InputTensor, bound_inputs
from tflm_hil.models.tflite.ties import tie_of

# A feature whose whole range is fewer steps of the input's scale than this is mostly lost.
STEPS_OF_A_FEATURE = 8.0
# A scale that is so many times wider or narrower than its own calibration data is another's.
TIED = 1.5
# Growth of the error from the first quarter of the steps to the last.
DRIFT = 4.0


# Operators that look rows up, and the number of the input that says which.
LOOKUPS = {"GATHER": 1, "GATHER_ND": 1, "EMBEDDING_LOOKUP": 0}
# Operators that leave an index one.
ON_THE_WAY = frozenset(
    {"CAST", "DEQUANTIZE", "QUANTIZE", "RESHAPE", "EXPAND_DIMS", "SQUEEZE", "SELECT_V2", "ADD"}
)


class CauseKind(StrEnum):
    """What can be wrong with a conversion, as far as its inputs and errors show it."""

    QUANTISED_INTEGERS = "integer input quantised"
    TIED_SCALE = "input scale tied to another tensor"
    SMALL_FEATURE = "feature smaller than the input's scale"
    DRIFT = "error grows along the sequence"


@dataclass(frozen=True)
class Cause:
    """`input` is the name of the Keras input, "" where it is none of them.

    `index` is the feature of SMALL_FEATURE; `value` and `reference` are two numbers to compare:
    the scale and 1 (QUANTISED_INTEGERS), the range of the scale and of the calibration data
    (TIED_SCALE), the feature's range and the scale (SMALL_FEATURE),
    the rms of the last and of the first steps (DRIFT). `operator` joins the tensors of TIED_SCALE.
    """

    kind: CauseKind
    input: str = ""
    index: int = 0
    value: float = 0.0
    reference: float = 0.0
    operator: str = ""

    @staticmethod
    def from_record(record: Mapping[str, Any]) -> Cause:
        """Out of what `dataclasses.asdict` made and JSON carried."""
        return Cause(**{**record, "kind": CauseKind(record["kind"])})


def causes_of(
    model: Inspection,
    inputs: Sequence[KerasInput],
    samples: Sequences | None,
    calibration: Sequences | None,
) -> list[Cause]:
    """What the inputs' scales show, the surest first."""
    found = []
    tensors = bound_inputs(model, [item.names for item in inputs])
    for item, tensor in zip(inputs, tensors, strict=True):
        scale = tensor.quantization.scale
        if not scale:
            continue
        if np.dtype(item.dtype).kind != "f" or _is_index(model, tensor.name):
            found += _quantised_integers(item, tensor, samples or calibration or {})
            continue
        if calibration is not None:
            found += tied(model, item, tensor, calibration[item.name])
        if samples is not None:
            found += _small_features(item, tensor, samples[item.name])
    return sorted(found, key=lambda cause: list(CauseKind).index(cause.kind))


def range_of(tensor: InputTensor) -> tuple[float, float]:
    """The least and the largest number that a quantised input holds."""
    limits = np.iinfo(tensor.quantization.dtype)
    low, high = tensor.quantization.dequantize(np.array([limits.min, limits.max]))
    return float(low), float(high)


def drift(apart: NDArray[Any]) -> list[Cause]:
    """DRIFT, if the differences `[N, steps, ...]` grow along the steps."""
    quarter = apart.shape[1] // 4
    if quarter < 1:
        return []
    first, last = (
        float(np.sqrt(np.mean(np.square(part, dtype=np.float64))))
        for part in (apart[:, :quarter], apart[:, -quarter:])
    )
    return [Cause(CauseKind.DRIFT, value=last, reference=first)] if last > DRIFT * first else []


def tied(
    model: Inspection, item: KerasInput, tensor: InputTensor, data: NDArray[Any]
) -> list[Cause]:
    """TIED_SCALE, if the scale of an input is not that of its own calibration data `data`."""
    low, high = range_of(tensor)
    # 0 is always on a scale
    own = max(float(data.max()), 0.0) - min(float(data.min()), 0.0)
    if own == 0.0 or own / TIED <= high - low <= own * TIED:
        return []
    index = next(it.index for it in model.inputs if it.name == tensor.name)
    tie = tie_of(model, index)
    operator = tie.operator if tie else ""
    return [Cause(CauseKind.TIED_SCALE, item.name, 0, high - low, own, operator)]


def _quantised_integers(item: KerasInput, tensor: InputTensor, data: Sequences) -> list[Cause]:
    """Integers on a scale: found fault with unless every one of them arrives as itself."""
    quantization = tensor.quantization
    numbers = data.get(item.name)
    if numbers is not None:
        arrived = quantization.dequantize(quantization.quantize(numbers))
        if np.array_equal(arrived, numbers):
            return []
    scale = quantization.scale
    return [Cause(CauseKind.QUANTISED_INTEGERS, item.name, value=scale, reference=1.0)]


def _is_index(model: Inspection, name: str) -> bool:
    """Whether an input says which rows of a table are taken, as of an Embedding."""
    graph = model.subgraphs[0]
    reached = {tensor.index for tensor in graph.tensors if tensor.name == name}
    for operator in graph.operators:
        if operator.name in LOOKUPS and operator.inputs[LOOKUPS[operator.name]] in reached:
            return True
        if operator.name in ON_THE_WAY and reached & set(operator.inputs):
            reached |= set(operator.outputs)
    return False


def _small_features(item: KerasInput, tensor: InputTensor, data: NDArray[Any]) -> list[Cause]:
    if data.ndim < 3 or data.shape[-1] < 2:
        return []
    features = data.reshape(-1, data.shape[-1]).astype(np.float64)
    ranges = features.max(axis=0) - features.min(axis=0)
    scale = tensor.quantization.scale
    lost = np.flatnonzero((ranges > 0) & (ranges < STEPS_OF_A_FEATURE * scale))
    if not 0 < len(lost) < len(ranges):  # all of them: the scale is another's
        return []
    least = int(lost[ranges[lost].argmin()])
    return [Cause(CauseKind.SMALL_FEATURE, item.name, least, float(ranges[least]), scale)]
