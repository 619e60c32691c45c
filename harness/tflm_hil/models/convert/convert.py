"""Keras → TFLite, in a process of its own, with every failure as a named `ConversionError`.

    done = convert(Path("model.keras"), export="unrolled", dtype="int8", calibration=x)
    done.content                    # the flatbuffer
    done.notes                      # what was changed without being asked for

The exports are modules of `tflm_hil.models.convert.exports`. The batch is always fixed to 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflm_hil.errors import ConversionError
from tflm_hil.models.convert.conversion_failure import explain
from tflm_hil.models.convert.model_files import ModelFileError, identify
from tflm_hil.models.tflite.inspect import inspect
from tflm_hil.models.tflite.quantize import Quantization
from tflm_hil.vocabulary import ExportKind, Precision
from tflm_hil.worker import WorkerError, run_worker

# Types that people ask for and that are refused, with the reason.
REFUSED_TYPES = {
    "dynamic": "dynamic range quantisation mixes float activations with int8 weights; TFLM has no"
    " such kernels for LSTM, and where it runs it is slower than int8 and no smaller",
    "float16": "TFLM has no float16 kernels",
    "uint8": "uint8 is the scheme before int8, which current converters no longer write",
}

# A larger share of values beyond the input's scale is an error, not chance.
SATURATED = 0.01


@dataclass(frozen=True)
class Conversion:
    """A converted model.

    `difference` is the largest |Δ| between the Keras model and its rebuilt form (batch 1,
    unrolled, a hand-written loop, legacy Keras) just before conversion. `notes` are sentences
    about what was changed without being asked for.
    """

    content: bytes
    export: ExportKind
    dtype: Precision
    difference: float
    notes: tuple[str, ...] = ()


def convert(
    model: Path,
    *,
    export: str,
    dtype: str,
    calibration: NDArray[np.float32] | None = None,
    custom: Path | None = None,
    timeout_s: float = 900.0,
) -> Conversion:
    """Convert the Keras model in the file `model`; `custom` is the Python file that defines classes
    of its own, if it has any (see `tflm_hil.models.convert.custom_classes`).

    `calibration` is `[N, ...]` real input from the training data; integers need it, and float32
    uses its first rows to check that the rebuilt model still is the model. Raises
    `ConversionError`.
    """
    try:
        identify(model)
    except ModelFileError as error:
        raise ConversionError(error.what, remedy=error.remedy) from None
    if export not in tuple(ExportKind):
        raise ConversionError(f"no export {export!r}", remedy=f"use one of {', '.join(ExportKind)}")
    if dtype not in tuple(Precision):
        reason = REFUSED_TYPES.get(str(dtype))
        raise ConversionError(
            f"no conversion to {dtype}: {reason}" if reason else f"no type {dtype!r}",
            remedy=f"use one of {', '.join(Precision)}",
        )
    arrays = {}
    if calibration is not None:
        arrays["calibration"] = _checked(calibration)
    elif dtype != "float32":
        raise ConversionError(
            f"{dtype} needs representative data and none was given",
            remedy="give 100 to 500 real sequences from the training split",
        )
    request = {
        "model": str(model.resolve()),
        "custom": str(custom.resolve()) if custom else "",
        "export": export,
        "dtype": dtype,
    }
    try:
        answer, results = run_worker(
            "tflm_hil.models.convert.worker", request, arrays, timeout_s=timeout_s
        )
    except WorkerError as failure:
        raise explain(failure, model.name, export, dtype) from failure
    return Conversion(
        results["tflite"].tobytes(),
        ExportKind(export),
        Precision(dtype),
        float(answer["difference"]),
        tuple(answer["notes"]),
    )


def check_saturation(content: bytes, inputs: NDArray[Any]) -> str:
    """Whether the input's scale holds the values that it will get: "" or a sentence for a few.

    Raises `ConversionError` if more than 1 % lie beyond it: the calibration data was not
    representative, and everything beyond its range arrives as one value. The input named `x`, or
    the only one, is looked at.
    """
    inspection = inspect(content)
    tensors = {tensor.index: tensor for tensor in inspection.inputs}
    named = inspection.signatures[0].inputs if inspection.signatures else {}
    tensor = tensors.get(named.get("x", -1), inspection.inputs[0])
    quantization = Quantization.of(tensor)
    beyond = quantization.saturated(inputs)
    if not beyond:
        return ""
    share = beyond / inputs.size
    low = quantization.dequantize(np.array(np.iinfo(quantization.dtype).min))
    high = quantization.dequantize(np.array(np.iinfo(quantization.dtype).max))
    what = (
        f"{share:.2%} of the input values lie beyond the input's scale, which holds"
        f" {float(low):.4g} to {float(high):.4g}; they saturate"
    )
    if share > SATURATED:
        raise ConversionError(
            what, remedy="calibrate with data of the same range and normalisation as the inputs"
        )
    return what


def _checked(calibration: NDArray[Any]) -> NDArray[np.float32]:
    if calibration.ndim < 2 or calibration.size == 0:
        raise ConversionError(
            f"representative data of shape {calibration.shape} holds no sequence",
            remedy="give an array [N, ...] of real inputs, N at least 1",
        )
    if not np.all(np.isfinite(calibration)):
        raise ConversionError(
            "representative data contains NaN or infinity",
            remedy="clean the data; one such value ruins every scale",
        )
    if calibration.min() == calibration.max():
        raise ConversionError(
            f"representative data is {calibration.flat[0]:g} everywhere",
            remedy="give real inputs: a scale is made from their range",
        )
    return np.ascontiguousarray(calibration, np.float32)
