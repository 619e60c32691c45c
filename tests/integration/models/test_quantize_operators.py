"""`Quantization` against the QUANTIZE and DEQUANTIZE operators of both runtimes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from tflm_hil.models.tflite.quantize import Quantization
from tflm_hil.worker import Arrays, run_worker

from tests.support.quantize_models import build

CASES = [
    Quantization("int8", 1 / 255, -128),
    Quantization("int8", 0.5, 3),
    Quantization("int8", float.fromhex("0x1.0662f2p-4"), 0),
    Quantization("int8", float(np.float32(0.037)), -17),
    Quantization("int16", 1 / 32768, 0),
]


def awkward_values(quantization: Quantization) -> NDArray[np.float32]:
    """Every tie between two levels, its float neighbours, and values beyond both ends."""
    limits = np.iinfo(quantization.dtype)
    step = 1 if quantization.dtype == "int8" else 97
    levels = np.arange(limits.min, limits.max + 1, step) - quantization.zero_point
    ties = ((levels + 0.5) * quantization.scale).astype(np.float32)
    exact = (levels * quantization.scale).astype(np.float32)
    up, down = np.float32(np.inf), np.float32(-np.inf)
    beyond = np.array([4, -4], np.float32) * np.float32(quantization.scale * limits.max)
    neighbours = [np.nextafter(ties, up), np.nextafter(ties, down)]
    return np.concatenate([ties, *neighbours, exact, beyond])[np.newaxis].astype(np.float32)


def run(contents: list[bytes], inputs: list[NDArray[Any]]) -> Arrays:
    arrays: Arrays = {}
    for number, (content, x) in enumerate(zip(contents, inputs, strict=True)):
        arrays[f"model.{number}"] = np.frombuffer(content, np.uint8)
        arrays[f"x.{number}"] = x
    return run_worker("tests.support.operator_worker", {"count": len(contents)}, arrays)[1]


def test_quantize() -> None:
    inputs = [awkward_values(case) for case in CASES]
    contents = [build("QUANTIZE", x.size, case) for case, x in zip(CASES, inputs, strict=True)]
    outputs = run(contents, inputs)
    for number, (case, x) in enumerate(zip(CASES, inputs, strict=True)):
        for runtime in ("tflite", "tflm"):
            found = outputs[f"{runtime}.{number}"]
            np.testing.assert_array_equal(found, case.quantize(x), f"{runtime} {case}")


def test_dequantize() -> None:
    inputs = [case.quantize(awkward_values(case)) for case in CASES]
    contents = [build("DEQUANTIZE", x.size, case) for case, x in zip(CASES, inputs, strict=True)]
    outputs = run(contents, inputs)
    for number, (case, x) in enumerate(zip(CASES, inputs, strict=True)):
        for runtime in ("tflite", "tflm"):
            found = outputs[f"{runtime}.{number}"]
            np.testing.assert_array_equal(found, case.dequantize(x), f"{runtime} {case}")
