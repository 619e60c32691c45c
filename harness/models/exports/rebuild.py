"""Rebuild a Keras 3 model for export: batch fixed to 1, recurrent layers unrolled or not.

A dynamic batch becomes SHAPE → … → FILL in the flatbuffer, which TFLM refuses ("dynamic
tensors"), so every export fixes it. The weights are carried over; the shapes of all other axes
must be static already.
"""

from __future__ import annotations

from typing import Any

import keras


def rebuild(model: Any, *, unroll: bool, stateless: bool = False) -> Any:
    """A copy of `model` with batch size 1 and `unroll` set on every recurrent layer.

    `stateless` also takes the memory between calls from layers that are stateful.
    """
    config = model.get_config()
    _patch(config, unroll, stateless)
    copy = type(model).from_config(config)
    copy.set_weights(model.get_weights())
    return copy


def _patch(node: Any, unroll: bool, stateless: bool) -> None:
    """Edit a layer configuration in place, wrappers and nested models included."""
    if isinstance(node, list | tuple):
        for item in node:
            _patch(item, unroll, stateless)
    elif isinstance(node, dict):
        if "unroll" in node:
            node["unroll"] = unroll
        if stateless and "stateful" in node:
            node["stateful"] = False
        shape = node.get("batch_shape")
        if shape is not None:
            if any(size is None for size in shape[1:]):
                raise ValueError(f"input shape {tuple(shape)} is not static beyond the batch")
            node["batch_shape"] = (1, *shape[1:])
        for item in node.values():
            _patch(item, unroll, stateless)


def load(path: str) -> Any:
    """Load a `.keras` file without its training state."""
    return keras.models.load_model(path, compile=False)
