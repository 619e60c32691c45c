"""The end of a worker as one sentence: nothing of a trace, and only what was tried as a remedy."""

from __future__ import annotations

import pytest
from tflm_hil.models.convert.another_way import Tried
from tflm_hil.models.convert.conversion_failure import explain, is_converters, useful
from tflm_hil.models.convert.obstacles import Way
from tflm_hil.vocabulary import ExportKind, Precision
from tflm_hil.worker import WorkerError

CRASH = """\
I0000 00:00:1796118581.227243   17779 port.cc:153] oneDNN custom operations are on.
Fatal Python error: Segmentation fault

Current thread 0x00007f0b (most recent call first):
  File "/lib/tensorflow/lite/python/convert.py", line 251 in mlir_quantize
  ...
Extension modules: numpy._core._multiarray_umath, h5py.h5f (total: 214)
"""
TRACE = """\
loc("model/dense"): error: the scale is too small
Traceback (most recent call last):
  File "worker.py", line 9, in convert
    raise error from None  # Re-throws the exception.
    ^^^^^^^^^^^^^^^^^^^^^
RuntimeError
"""
NOISE = ("Traceback", "Extension", "File ", "Fatal Python", "oneDNN", "^^^", "Current thread")


def failure(
    *, returncode: int | None = 1, kind: str = "", message: str = "", tail: str = ""
) -> WorkerError:
    return WorkerError("worker", returncode, kind, message, tail)


def test_a_crash_is_named_without_its_dump() -> None:
    crash = failure(returncode=-11, tail=CRASH)
    assert is_converters(crash)
    error = explain(
        crash, "m.keras", "shift", "int8", Tried((), (ExportKind.UNROLLED, Precision.INT8))
    )
    assert error.what == "converting m.keras to int8 (shift) failed: it crashed with SIGSEGV"
    assert error.remedy == "use --export unrolled: it was tried just now, and converts"


def test_an_exception_without_words_is_told_by_the_log() -> None:
    error = explain(failure(kind="RuntimeError", tail=TRACE), "m.keras", "shift", "int8")
    assert "RuntimeError" in error.what
    assert "the scale is too small" in error.what
    assert not any(word in str(error) for word in NOISE)


def test_another_type_and_another_activation_are_named_as_they_are_typed() -> None:
    crash = failure(returncode=-11, tail=CRASH)
    wide = Tried((), (ExportKind.STEP, Precision.FLOAT32), runs=True)
    assert explain(crash, "m.keras", "shift", "int8", wide).remedy == (
        "use --to float32 --export step: it was tried just now, and runs"
    )
    asked = (ExportKind.SHIFT, Precision.INT8)
    swapped = Tried((), asked, runs=True, activations={"gelu": "silu"}, layers=("a", "b"))
    remedy = explain(crash, "m.keras", "shift", "int8", swapped).remedy
    assert remedy.startswith("use silu in place of gelu in layers a, b and train again")


@pytest.mark.parametrize(
    "failed", [(), ((ExportKind.STEP, Precision.INT8), (ExportKind.UNROLLED, Precision.FLOAT32))]
)
def test_where_nothing_works_none_is_recommended(failed: tuple[Way, ...]) -> None:
    crash = failure(returncode=-11, tail=CRASH)
    error = explain(crash, "m.keras", "shift", "int8", Tried(failed, None))
    assert "use --export" not in error.remedy
    assert all(f"--export {export}" in error.remedy for export, _ in failed)
    assert ("in vain" in error.remedy) == bool(failed)
    assert not any(word in str(error) for word in NOISE)


def test_pages_of_an_exception_are_cut() -> None:
    message = "the first line\n" + "\n".join(f"note {number} " + "x" * 500 for number in range(90))
    error = explain(failure(kind="ConverterError", message=message), "m.keras", "loop", "float32")
    assert len(str(error)) < 1000


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("NotConvertedError", ""),
        ("ModelFileError", "damaged\nget another"),
        ("RefusedError", "a mask\ncalibrate with padding"),
    ],
)
def test_what_is_no_failure_of_the_converter_starts_no_other_conversion(
    kind: str, message: str
) -> None:
    assert not is_converters(failure(kind=kind, message=message))


def test_time_that_is_up_starts_no_other_conversion() -> None:
    late = failure(returncode=None)
    assert not is_converters(late)
    assert "--timeout" in explain(late, "m.keras", "shift", "int8").remedy
    assert "fewer steps" not in explain(late, "m.keras", "shift", "int8").remedy
    assert "fewer steps" in explain(late, "m.keras", "unrolled", "int8").remedy


def test_a_log_of_nothing_but_noise_says_nothing() -> None:
    assert useful(CRASH) == []
