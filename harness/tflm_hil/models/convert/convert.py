"""Keras → TFLite, in a process of its own, with every failure as a named `ConversionError`.

    done = convert(Path("model.keras"), export="unrolled", dtype="int8", calibration=x)
    done.content                    # the flatbuffer
    done.notes                      # what was changed without being asked for

The exports are modules of `tflm_hil.models.convert.exports`. The batch is always fixed to 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tflm_hil.errors import ConversionError
from tflm_hil.models.convert.another_way import Runs, Tried, try_others
from tflm_hil.models.convert.causes import Cause, CauseKind
from tflm_hil.models.convert.conversion_failure import explain, is_converters, other_export
from tflm_hil.models.convert.fidelity import Comparison, Fidelity
from tflm_hil.models.convert.model_files import ModelFileError, identify
from tflm_hil.models.convert.obstacles import Way
from tflm_hil.models.convert.samples import checked
from tflm_hil.models.convert.wording import apart, refusal
from tflm_hil.models.sample_arrays import ONE_ARRAY
from tflm_hil.models.tflite.inspect import Origin
from tflm_hil.vocabulary import ExportKind, Precision
from tflm_hil.worker import Answer, Arrays, WorkerError, stream_worker

# Types that people ask for and that are refused, with the reason.
REFUSED_TYPES = {
    "dynamic": "dynamic range quantisation mixes float activations with int8 weights; TFLM has no"
    " such kernels for LSTM, and where it runs it is slower than int8 and no smaller",
    "float16": "TFLM has no float16 kernels",
    "uint8": "uint8 is the scheme before int8, which current converters no longer write",
}

Given = NDArray[Any] | Mapping[str, NDArray[Any]]
"""One array `[N, ...]`, or several by name."""


@dataclass(frozen=True)
class Conversion:
    """A converted model.

    `difference` is the largest |Δ| between the Keras model and its rebuilt form (batch 1,
    unrolled, a hand-written loop, legacy Keras) just before conversion; `comparison` is of what
    came out of it, on desktop TFLM if that takes it and otherwise on TFLite, and `causes` what the
    inputs' scales say should it not be as near as it might. `notes` are sentences about what was
    changed without being asked for, and about inputs of which few values saturate; `ways` are
    those that no rule blocks for the model.
    """

    content: bytes
    export: ExportKind
    dtype: Precision
    difference: float
    comparison: Comparison
    causes: tuple[Cause, ...] = ()
    notes: tuple[str, ...] = ()
    ways: tuple[Way, ...] = ()

    @property
    def origin(self) -> Origin:
        """What the checks of the model are told, so that their remedies name what it can become."""
        exports = frozenset(export for export, dtype in self.ways if dtype == self.dtype)
        return Origin(self.export, self.dtype, exports)


def convert(
    model: Path,
    *,
    export: str,
    dtype: str,
    calibration: Given | None = None,
    samples: Given | None = None,
    custom: Path | None = None,
    runs: Runs | None = None,
    timeout_s: float = 900.0,
) -> Conversion:
    """Convert the Keras model in the file `model`; `custom` is the Python file that defines classes
    of its own, if it has any (see `tflm_hil.models.convert.custom_classes`).

    `calibration` is real input from the training data: `[N, ...]`, or several such arrays by name,
    of which the model's inputs take theirs (see `tflm_hil.models.convert.samples.bind`). Integers
    need it, and float32 uses its first rows to check that the rebuilt model still is the model.
    `samples` are what the model will get, likewise; the same as `calibration` if left out. What
    comes out is compared with the Keras model on them, or on random input where there are none
    (`tflm_hil.models.convert.fidelity` has the bounds). `runs` says whether an engine takes a
    converted model: where the converter fails, only what it takes is recommended. Raises
    `ConversionError`, also for a conversion that is not the model.
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
    if calibration is None and dtype != "float32":
        raise ConversionError(
            f"{dtype} needs representative data and none was given",
            remedy="give 100 to 500 real sequences from the training split",
        )
    arrays = _arrays(calibration, samples, dtype)
    answers: list[Answer] = []
    request = _request(model, custom, export, dtype)
    try:
        answers.extend(
            stream_worker("tflm_hil.models.convert.worker", request, arrays, timeout_s=timeout_s)
        )
    except WorkerError as failure:
        others = is_converters(failure) and len(answers) < 2
        tried = try_others(request, arrays, timeout_s, runs) if others else None
        if len(answers) == 1 and failure.crashed:
            raise ConversionError(
                f"{model.name} converted to {dtype} ({export}) ends TFLite's interpreter"
                f" ({failure.cause}), so that it cannot be compared with Keras",
                remedy=other_export(tried, dtype),
            ) from failure
        if len(answers) < 2 or not failure.crashed:  # else it was desktop TFLM that ended it
            raise explain(failure, model.name, export, dtype, tried) from failure
    return judged(answers, model.name, ExportKind(export), Precision(dtype))


def judged(
    answers: Sequence[Answer], name: str, export: ExportKind, dtype: Precision
) -> Conversion:
    """What a worker answered: the flatbuffer, the comparison on TFLite, and that on TFLM, which
    decides if there is one. Raises ConversionError if what came out is not the model.
    """
    (made, results), (first, _), *_ = answers
    last, _ = answers[-1]
    comparison = Comparison.from_record(last["comparison"])
    done = Conversion(
        results["tflite"].tobytes(),
        export,
        dtype,
        float(made["difference"]),
        comparison,
        tuple(Cause.from_record(record) for record in last["causes"]),
        (
            *made["notes"],
            *last["notes"],
            *apart(comparison, Comparison.from_record(first["comparison"])),
        ),
        tuple((ExportKind(one), Precision(two)) for one, two in made["ways"]),
    )
    lost = any(cause.kind is CauseKind.QUANTISED_INTEGERS for cause in done.causes)
    if lost or comparison.fidelity is Fidelity.WRONG:
        raise refusal(name, (export, dtype), comparison, done.causes, done.ways)
    return done


def another_way(
    model: Path,
    *,
    export: str,
    dtype: str,
    runs: Runs,
    calibration: Given | None = None,
    samples: Given | None = None,
    custom: Path | None = None,
    timeout_s: float = 900.0,
) -> Tried:
    """What to do in place of a conversion that is done, and that no engine runs: other exports,
    types and activations are tried until one `runs`.
    """
    arrays = _arrays(calibration, samples, dtype)
    return try_others(_request(model, custom, export, dtype), arrays, timeout_s, runs)


def _request(model: Path, custom: Path | None, export: str, dtype: str) -> dict[str, Any]:
    return {
        "model": str(model.resolve()),
        "custom": str(custom.resolve()) if custom else "",
        "export": export,
        "dtype": dtype,
    }


def _arrays(calibration: Given | None, samples: Given | None, dtype: str) -> Arrays:
    return {
        **_named(calibration, "calibration", scaled=dtype != "float32"),
        **_named(samples, "samples", scaled=False),
    }


def _named(given: Given | None, kind: str, *, scaled: bool) -> Arrays:
    """Arrays as the worker takes them, under `kind`."""
    if given is None:
        return {}
    arrays = given if isinstance(given, Mapping) else {ONE_ARRAY: given}
    if len(arrays) == 1:  # of several, the model says which are its inputs
        checked(arrays, scaled=scaled)
    return {f"{kind}/{name}": np.asarray(array) for name, array in arrays.items()}
