"""Keras → TFLite, in a process of its own, with every failure as a named `ConversionError`.

    content = convert(Path("model.keras"), export="unrolled", dtype="int8", calibration=x)

The exports are modules of `harness.models.exports`. The batch is always fixed to 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from harness.errors import ConversionError
from harness.models.worker import WorkerError, run_worker

ExportKind = Literal["loop", "unrolled", "fused"]
DType = Literal["float32", "int8"]

EXPORTS: tuple[ExportKind, ...] = get_args(ExportKind)
DTYPES: tuple[DType, ...] = get_args(DType)


@dataclass(frozen=True)
class Conversion:
    """A converted model.

    `difference` is the largest |Δ| between the Keras model and its rebuilt form (batch 1,
    unrolled or in legacy Keras) just before conversion.
    """

    content: bytes
    export: ExportKind
    dtype: DType
    difference: float


def convert(
    model: Path,
    *,
    export: ExportKind,
    dtype: DType,
    calibration: NDArray[np.float32] | None = None,
    timeout_s: float = 900.0,
) -> Conversion:
    """Convert the Keras model in the file `model`.

    `calibration` is `[N, ...]` real input from the training data; int8 needs it, and float32 uses
    its first rows to check that the rebuilt model still is the model. Raises `ConversionError`.
    """
    if not model.is_file():
        raise ConversionError(f"no Keras model at {model}", remedy="Check the path.")
    if export not in EXPORTS:
        raise ConversionError(f"no export {export!r}", remedy=f"Use one of {', '.join(EXPORTS)}.")
    if dtype not in DTYPES:
        raise ConversionError(f"no type {dtype!r}", remedy=f"Use one of {', '.join(DTYPES)}.")
    arrays = {}
    if calibration is not None:
        arrays["calibration"] = _checked(calibration)
    elif dtype == "int8":
        raise ConversionError(
            "int8 needs representative data and none was given",
            remedy="Give 100 to 500 real sequences from the training split.",
        )
    request = {"model": str(model.resolve()), "export": export, "dtype": dtype}
    try:
        answer, results = run_worker(
            "harness.models.convert_worker", request, arrays, timeout_s=timeout_s
        )
    except WorkerError as failure:
        raise _explain(failure, model.name, export, dtype) from failure
    return Conversion(results["tflite"].tobytes(), export, dtype, float(answer["difference"]))


def _checked(calibration: NDArray[Any]) -> NDArray[np.float32]:
    if calibration.ndim < 2 or len(calibration) == 0:
        raise ConversionError(
            f"representative data of shape {calibration.shape} holds no sequence",
            remedy="Give an array [N, ...] of real inputs, N at least 1.",
        )
    if not np.all(np.isfinite(calibration)):
        raise ConversionError(
            "representative data contains NaN or infinity",
            remedy="Clean the data; one such value ruins every scale.",
        )
    return np.ascontiguousarray(calibration, np.float32)


def _explain(failure: WorkerError, name: str, export: str, dtype: str) -> ConversionError:
    """The worker's end as a sentence with a remedy."""
    what = f"converting {name} to {dtype} ({export}) failed: {failure.cause}"
    if failure.crashed and export == "loop" and dtype != "float32":
        return ConversionError(
            f"{what}. The calibrator cannot walk into a WHILE loop",
            remedy="Use --export unrolled for short sequences, or fused for an LSTM.",
        )
    if failure.crashed:
        return ConversionError(
            what, remedy=f"Try another export; the last lines were:\n{failure.tail}"
        )
    if failure.returncode is None:
        return ConversionError(what, remedy="Unroll fewer steps or raise the timeout.")
    if "SELECT_TF_OPS" in failure.message or "Flex" in failure.message:
        return ConversionError(
            what, remedy="The model holds operators that TFLite has no kernel for; replace them."
        )
    if "is not static" in failure.message:
        return ConversionError(
            what, remedy="Build the model with a fixed sequence length; only the batch may vary."
        )
    if failure.kind == "NotEqualError":
        return ConversionError(
            what, remedy="A layer is random or not carried over; use another export."
        )
    return ConversionError(what, remedy=f"The converter's last lines were:\n{failure.tail}")
