"""From a `tf.function` to a converter that keeps its signature.

`TFLiteConverter.from_concrete_functions` loses signature names, and tensor order is not argument
order; a SavedModel keeps them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from typing import Any

import tensorflow as tf


def converter_of(function: Any, holders: Sequence[Any] = ()) -> Any:
    """A `TFLiteConverter` of a concrete function; names of inputs and outputs are kept.

    `holders` have the variables that it uses, if there are any. Only these are saved: of a layer,
    Keras would trace every way in which it can be called, seconds for each.
    """
    module = tf.Module()
    module.function = function
    module.variables_of_holders = [item for holder in holders for item in holder.variables]
    # the worker's TMPDIR goes away with the worker
    directory = tempfile.mkdtemp(prefix="tflm-hil-saved-")
    tf.saved_model.save(module, directory, signatures=function)
    return tf.lite.TFLiteConverter.from_saved_model(directory)


def output_names(count: int) -> list[str]:
    """Signature names of a model's outputs: `y`, or `y0`, `y1`, … in the order of the model."""
    return ["y"] if count == 1 else [f"y{number}" for number in range(count)]
