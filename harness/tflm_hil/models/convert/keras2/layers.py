"""One layer of Keras 2 as a layer of Keras 3: settings by name, functions by what they compute."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import keras
import tf_keras

from tflm_hil.models.convert.keras2.functions import ThresholdedReLU, hard_sigmoid_keras2
from tflm_hil.models.convert.model_files import ModelFileError

ModelOf = Callable[[Any], Any]
OWN = {"ThresholdedReLU": ThresholdedReLU}
ACTIVATIONS = ("activation", "recurrent_activation")
# Only of interest in training.
DROPPED = ("initializer", "regularizer", "constraint")
# Settings of the same meaning under another name.
RENAMED = {"LeakyReLU": {"alpha": "negative_slope"}}
IN_KERAS_3 = (
    "build the model in Keras 3 with a layer in its place, load the weights of the others, and"
    ' save it with model.save("model.keras")'
)


def layer_of(old: Any, model_of: ModelOf) -> Any:
    """The Keras 3 layer with the settings of `old`, wrapped layers and cells included.

    Its weights are still to be set. `model_of` rebuilds a model that a wrapper holds. Raises
    `ModelFileError` naming a layer that Keras 3 does not have.
    """
    kind = type(old).__name__
    new_class = OWN.get(kind) or getattr(keras.layers, kind, None)
    if new_class is None:
        new_class = keras.saving.get_custom_objects().get(kind)
    if new_class is None or type(old) is not getattr(tf_keras.layers, kind, type(old)):
        raise ModelFileError(
            f"layer {old.name} is a {kind} of Keras 2, and Keras 3 has no such layer", IN_KERAS_3
        )
    settings = {key: _plain(value) for key, value in old.get_config().items()}
    for former, now in RENAMED.get(kind, {}).items():
        settings[now] = settings.pop(former)
    for key in ACTIVATIONS:
        if key in settings:
            settings[key] = activation_of(getattr(old, key), model_of)
    settings |= _inside(old, model_of)
    known = _known(new_class)
    settings = {
        key: value
        for key, value in settings.items()
        if key in known and not key.endswith(DROPPED) and key != "dtype"
    }
    axis = settings.get("axis")
    if isinstance(axis, list | tuple) and len(axis) == 1:
        settings["axis"] = axis[0]
    try:
        return new_class(**settings)
    except (TypeError, ValueError) as error:
        raise ModelFileError(
            f"layer {old.name} is a {kind} of Keras 2 with settings that Keras 3 does not take"
            f" ({str(error).splitlines()[0]})",
            IN_KERAS_3,
        ) from error


def _inside(old: Any, model_of: ModelOf) -> dict[str, Any]:
    """Layers and cells that a wrapper holds."""
    kind = type(old).__name__
    if kind == "Bidirectional":
        return {
            "layer": layer_of(old.forward_layer, model_of),
            "backward_layer": layer_of(old.backward_layer, model_of),
        }
    if kind == "StackedRNNCells":
        return {"cells": [layer_of(cell, model_of) for cell in old.cells]}
    if kind == "RNN":
        return {"cell": layer_of(old.cell, model_of)}
    if isinstance(getattr(old, "layer", None), tf_keras.layers.Layer):
        inner = old.layer
        return {"layer": model_of(inner) if hasattr(inner, "layers") else layer_of(inner, model_of)}
    return {}


def activation_of(old: Any, model_of: ModelOf) -> Any:
    """The Keras 3 function that computes what this one of Keras 2 does."""
    if isinstance(old, tf_keras.layers.Layer):
        return layer_of(old, model_of)
    if old is tf_keras.activations.hard_sigmoid:
        return hard_sigmoid_keras2
    name = getattr(old, "__name__", str(old))
    try:
        return keras.activations.get(name)
    except ValueError:
        pass
    own = keras.saving.get_custom_objects().get(name)
    if own is None:
        raise ModelFileError(f"{name} is an activation of Keras 2 that Keras 3 has not", IN_KERAS_3)
    return own


def _known(new_class: type[Any]) -> set[str]:
    """The names of the settings that a Keras 3 class takes, those of its bases included."""
    names: set[str] = set()
    for base in new_class.__mro__:
        if "__init__" not in vars(base):
            continue
        parameters = inspect.signature(vars(base)["__init__"]).parameters.values()
        names |= {item.name for item in parameters if item.kind is not item.VAR_KEYWORD}
        if base is keras.layers.Layer or all(
            item.kind is not item.VAR_KEYWORD for item in parameters
        ):
            break
    return names - {"self", "args"}


def _plain(value: Any) -> Any:
    """Without the wrappers that Keras 2 puts around lists and tables."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return tuple(_plain(item) for item in value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value
