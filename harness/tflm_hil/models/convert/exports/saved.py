"""From a `tf.function` without variables to a converter that keeps its signature.

`TFLiteConverter.from_concrete_functions` loses signature names, and tensor order is not argument
order; a SavedModel keeps them.
"""

from __future__ import annotations

import tempfile
from typing import Any

import tensorflow as tf


def converter_of(function: Any) -> Any:
    """A `TFLiteConverter` of a concrete function; names of inputs and outputs are kept."""
    module = tf.Module()
    module.function = function
    # the worker's TMPDIR goes away with the worker
    directory = tempfile.mkdtemp(prefix="tflm-hil-saved-")
    tf.saved_model.save(module, directory, signatures=function)
    return tf.lite.TFLiteConverter.from_saved_model(directory)
