"""The process side of `tflm_hil.models.convert.convert`: one conversion, then exit."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tflm_hil.models.convert.custom_classes import known, load
from tflm_hil.models.convert.exports import Export
from tflm_hil.models.convert.exports.equality import check_shape, difference, windows
from tflm_hil.models.convert.exports.inputs import Inputs, by_name
from tflm_hil.models.convert.exports.masks import check_padding
from tflm_hil.models.convert.exports.refusals import check
from tflm_hil.models.tflite.output_order import order_outputs
from tflm_hil.models.tflite.states import tie_states
from tflm_hil.worker import Arrays, serve

# Largest |Δ| between the Keras model and what will be converted: both are float32 and the same
# equations, in another summation order at most.
EQUALITY = 1e-4

# Exports whose calibrator is fed a window at a time; the others cut sequences themselves.
WINDOWED = ("loop", "unrolled", "fused")


class NotEqualError(ValueError):
    """What would be converted is no longer the Keras model."""


def convert(request: dict[str, Any], arrays: Arrays) -> tuple[dict[str, Any], Arrays]:
    """Convert as `convert.convert` asks; the flatbuffer is the answer's array."""
    custom = request["custom"]
    with known(Path(custom) if custom else None):
        return _convert(request, arrays)


def _convert(request: dict[str, Any], arrays: Arrays) -> tuple[dict[str, Any], Arrays]:
    model_path = Path(request["model"])
    export_name, dtype = request["export"], request["dtype"]
    model = load(model_path)
    check(model, export_name, dtype)
    given = arrays.get("calibration")
    calibration = None if given is None else by_name(model, given)
    check_shape(model, calibration)
    module = importlib.import_module(f"tflm_hil.models.convert.exports.{export_name}")
    # a loop of ours makes masks, and makes them otherwise for integers
    options = {"exact": dtype == "float32"} if export_name == "shift" else {}
    export: Export = module.converter(model_path, **options)
    if dtype != "float32" and calibration is not None:
        check_padding(export.padding(calibration))
    distance = difference(model, export, calibration)
    if not distance <= EQUALITY:
        raise NotEqualError(
            f"the {export_name} export differs from the Keras model by {distance:.3g}"
            f" before conversion (allowed: {EQUALITY:g})"
        )
    if dtype != "float32":
        assert calibration is not None
        if export_name in WINDOWED:
            calibration = windows(model, calibration)
        _quantise(export, dtype, calibration)
    content, tied = tie_states(order_outputs(export.finish(export.converter.convert())))
    notes = [*_notes(model), *tied]
    answer = {"difference": distance, "notes": notes}
    return answer, {"tflite": np.frombuffer(content, np.uint8)}


def _notes(model: Any) -> list[str]:
    """What was changed without being asked for."""
    batch = model.inputs[0].shape[0]
    if batch == 1:
        return []
    size = "a dynamic batch" if batch is None else f"batch {batch}"
    return [f"the model has {size}; it was fixed to 1, which TFLM needs"]


def _quantise(export: Export, dtype: str, calibration: Inputs) -> None:
    """Full integer quantisation: weights int8, activations, inputs and outputs int8 or int16."""
    converter = export.converter
    wide = dtype == "int16x8"
    kinds = tf.lite.OpsSet
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: export.representative(calibration)
    converter.target_spec.supported_ops = [
        kinds.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
        if wide
        else kinds.TFLITE_BUILTINS_INT8
    ]
    converter.inference_input_type = converter.inference_output_type = tf.int16 if wide else tf.int8
    if wide:
        # CMSIS-NN refuses int16 fully connected with a scale per channel; nothing is lost by it
        converter._experimental_disable_per_channel_quantization_for_dense_layers = True


if __name__ == "__main__":
    serve(convert)
