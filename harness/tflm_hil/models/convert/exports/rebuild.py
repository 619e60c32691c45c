"""Rebuild a Keras 3 model for export: batch fixed to 1, recurrent layers unrolled or not.

A dynamic batch becomes SHAPE → … → FILL in the flatbuffer, which TFLM refuses ("dynamic
tensors"), so every export fixes it. The weights are carried over; the shapes of all other axes
must be static already. Two layers are written otherwise than Keras does it: RepeatVector as a
broadcast, and TimeDistributed around a layer that treats every step by itself as that layer.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tflm_hil.models.convert.exports.repeat import PACKAGE, RepeatVector
from tflm_hil.models.convert.loading import load as load_model
from tflm_hil.models.layer_kinds import POINTWISE


def rebuild(model: Any, *, unroll: bool, stateless: bool = False, batch: int = 1) -> Any:
    """A copy of `model` with a fixed batch size and `unroll` set on every recurrent layer.

    `stateless` also takes the memory between calls from layers that are stateful.
    """
    config = model.get_config()
    _patch(config, unroll, stateless, batch)
    copy = type(model).from_config(config)
    copy.set_weights(model.get_weights())
    return copy


def _patch(node: Any, unroll: bool, stateless: bool, batch: int) -> None:
    """Edit a layer configuration in place, wrappers and nested models included."""
    if isinstance(node, list | tuple):
        for item in node:
            _patch(item, unroll, stateless, batch)
    elif isinstance(node, dict):
        _exchange(node, batch)
        node.pop("build_config", None)  # holds the old batch; layers are built when they are called
        if "unroll" in node:
            node["unroll"] = unroll
        if stateless and "stateful" in node:
            node["stateful"] = False
        shape = node.get("batch_shape")
        if shape is not None:
            if any(size is None for size in shape[1:]):
                raise ValueError(f"input shape {tuple(shape)} is not static beyond the batch")
            node["batch_shape"] = (batch, *shape[1:])
        for item in node.values():
            _patch(item, unroll, stateless, batch)


def _exchange(node: dict[str, Any], batch: int) -> None:
    """Another layer in place of one that becomes operators which TFLM lacks, or one a step."""
    kind = node.get("class_name")
    if kind == "RepeatVector" and batch == 1:
        node["module"], node["registered_name"] = None, f"{PACKAGE}>{RepeatVector.__name__}"
    elif kind == "TimeDistributed":
        inner = node["config"]["layer"]
        if inner["class_name"] in POINTWISE:
            name = node["config"]["name"]
            node.update({key: inner[key] for key in ("module", "class_name", "registered_name")})
            node["config"] = {**inner["config"], "name": name}


def stateful(model: Any) -> bool:
    """Whether the model keeps its states from call to call."""
    return any(getattr(layer, "stateful", False) for layer in model._flatten_layers())


def forget(model: Any) -> None:
    """All states of a stateful model at zero, as before its first call."""
    for layer in model._flatten_layers():
        if getattr(layer, "stateful", False) and hasattr(layer, "reset_state"):
            layer.reset_state()


def load(path: str) -> Any:
    """The Keras model in a file of any kind, without its training state."""
    return load_model(Path(path))
