"""Rebuild a Keras 3 model for export: batch fixed to 1, recurrent layers unrolled or not.

A dynamic batch becomes SHAPE → … → FILL in the flatbuffer, which TFLM refuses ("dynamic
tensors"), so every export fixes it. The weights are carried over; the shapes of all other axes
must be static already. Integers and indices become int32, which is what TFLM looks up rows with.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import keras

from tflm_hil.models.convert.exports.indices import index_inputs
from tflm_hil.models.convert.exports.refusals import RefusedError
from tflm_hil.models.convert.exports.rewrite import rewrite
from tflm_hil.models.convert.loading import load as load_model


def rebuild(model: Any, *, unroll: bool, stateless: bool = False, batch: int = 1) -> Any:
    """A copy of `model` with a fixed batch size and `unroll` set on every recurrent layer.

    `stateless` also takes the memory between calls from layers that are stateful.
    """
    config = model.get_config()
    _patch(config, unroll, stateless, batch)
    indices = index_inputs(model)
    for layer in config["layers"]:
        if layer["config"].get("name") in indices:
            layer["config"]["dtype"] = "int32"
    copy = type(model).from_config(config)
    copy.set_weights(model.get_weights())
    for layer in copy._flatten_layers():
        # those that a layer of the user's own makes for itself
        if isinstance(layer, keras.layers.RNN):
            layer.unroll = unroll
        if hasattr(layer, "finalize_state"):
            layer.finalize_state()  # Normalization computes with copies of its weights
    rewrite(copy)
    return copy


def _patch(node: Any, unroll: bool, stateless: bool, batch: int) -> None:
    """Edit a layer configuration in place, wrappers and nested models included."""
    if isinstance(node, list | tuple):
        for item in node:
            _patch(item, unroll, stateless, batch)
    elif isinstance(node, dict):
        if node.get("class_name") == "InputLayer":
            dtype = node["config"].get("dtype")
            if isinstance(dtype, str) and dtype.startswith(("int", "uint")):
                node["config"]["dtype"] = "int32"
        node.pop("build_config", None)  # holds the old batch; layers are built when they are called
        if "unroll" in node:
            node["unroll"] = unroll
        if stateless and "stateful" in node:
            node["stateful"] = False
        shape = node.get("batch_shape")
        if shape is not None:
            if any(size is None for size in shape[1:]):
                raise RefusedError(
                    f"input shape {tuple(shape)} is not static beyond the batch",
                    "build the model with a fixed sequence length; only the batch may vary",
                )
            node["batch_shape"] = (batch, *shape[1:])
        for item in node.values():
            _patch(item, unroll, stateless, batch)


def stateful(model: Any) -> bool:
    """Whether the model keeps its states from call to call."""
    return any(getattr(layer, "stateful", False) for layer in model._flatten_layers())


def forget(model: Any) -> None:
    """All states of a stateful model at zero, as before its first call."""
    for layer in model._flatten_layers():
        if getattr(layer, "stateful", False) and hasattr(layer, "reset_state"):
            layer.reset_state()


@cache
def load(path: str) -> Any:
    """The Keras model in a file of any kind, without its training state; the same one each time,
    which nobody changes, so that names that Keras makes up are the same, too.
    """
    return load_model(Path(path))
