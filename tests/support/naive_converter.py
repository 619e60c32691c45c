"""Conversions as people do them who have not read about the traps: nothing is checked or refused.

Request {"directory": ..., "wanted": [[name, way], ...]}; the answer's arrays are the flatbuffers,
by "name way".
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tflm_hil.models.convert.exports import Export, loop, step, unrolled
from tflm_hil.models.convert.exports.inputs import inputs_of
from tflm_hil.models.convert.exports.rebuild import load
from tflm_hil.worker import Arrays, serve

WIDE = tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
CALIBRATION = np.random.default_rng(1).normal(size=(50, 12, 3)).astype(np.float32)


def _open_batch(path: Path) -> Any:
    model = load(str(path))
    for layer in model.layers:
        layer.unroll = True
    return tf.lite.TFLiteConverter.from_keras_model(model)


def _dynamic_range(path: Path) -> Any:
    converter = unrolled.converter(path).converter
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    return converter


def _integers(path: Path, module: Any, operators: Any, dtype: Any) -> Any:
    export: Export = module.converter(path)
    (taken,) = inputs_of(load(str(path)))
    converter = export.converter
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: export.representative({taken.name: CALIBRATION})
    converter.target_spec.supported_ops = [operators]
    converter.inference_input_type = converter.inference_output_type = dtype
    return converter


WAYS: dict[str, Callable[[Path], Any]] = {
    "open_batch": _open_batch,
    "loop": lambda path: loop.converter(path).converter,
    "dynamic_range": _dynamic_range,
    "unrolled_int16": lambda path: _integers(path, unrolled, WIDE, tf.int16),
    "step_int8": lambda path: _integers(path, step, tf.lite.OpsSet.TFLITE_BUILTINS_INT8, tf.int8),
}


def convert(request: dict[str, Any], _: Arrays) -> tuple[dict[str, Any], Arrays]:
    """All wanted conversions."""
    models: Arrays = {}
    for name, way in request["wanted"]:
        path = Path(request["directory"]) / f"{name}.keras"
        models[f"{name} {way}"] = np.frombuffer(WAYS[way](path).convert(), np.uint8)
    return {}, models


if __name__ == "__main__":
    serve(convert)
