"""The process side of `harness.models.convert`: one conversion, then exit."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from harness.models.exports.rebuild import load
from harness.models.worker import Arrays, serve

# Largest |Δ| between the Keras model and what will be converted: both are float32 and the same
# equations, in another summation order at most.
EQUALITY = 1e-4


class NotEqualError(ValueError):
    """What would be converted is no longer the Keras model."""


def convert(request: dict[str, Any], arrays: Arrays) -> tuple[dict[str, Any], Arrays]:
    """Convert as `harness.models.convert.convert` asks; the flatbuffer is the answer's array."""
    model_path = Path(request["model"])
    export = importlib.import_module(f"harness.models.exports.{request['export']}").converter(
        model_path
    )
    calibration = arrays.get("calibration")
    difference = _difference(model_path, export.probe, calibration)
    if not difference <= EQUALITY:
        raise NotEqualError(
            f"the {request['export']} export differs from the Keras model by {difference:.3g}"
            f" before conversion (allowed: {EQUALITY:g})"
        )
    converter = export.converter
    if request["dtype"] == "int8":
        assert calibration is not None
        _quantise_int8(converter, calibration)
    content = converter.convert()
    answer = {"difference": difference}
    return answer, {"tflite": np.frombuffer(content, np.uint8)}


def _difference(model_path: Path, probe: Any, samples: NDArray[np.float32] | None) -> float:
    """Largest |Δ| between the original and the rebuilt model on real or random input."""
    model = load(str(model_path))
    if samples is None:
        shape = (8, *model.input_shape[1:])
        samples = np.random.default_rng(0).uniform(-1.0, 1.0, shape).astype(np.float32)
    samples = samples[:8]
    expected = np.asarray(model(samples, training=False))
    return float(np.max(np.abs(expected - probe(samples))))


def _quantise_int8(converter: Any, calibration: NDArray[np.float32]) -> None:
    """Full integer quantisation: int8 weights, activations, inputs and outputs."""

    def representative() -> Iterator[list[NDArray[np.float32]]]:
        for row in calibration:
            yield [row[np.newaxis].astype(np.float32)]

    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8


if __name__ == "__main__":
    serve(convert)
