"""What a Keras model file says of itself, read without TensorFlow."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from tflm_hil.models.convert.model_files import ModelFileError, identify
from tflm_hil.models.layer_kinds import RECURRENT

# Settings of a layer that make another computation of it.
KINDS = ("activation", "recurrent_activation", "reset_after", "stateful")
# Layers that compute nothing once a model is trained.
IDLE = ("InputLayer", "Dropout")


def has_stateful_layer(path: Path) -> bool:
    """Whether a layer of the model is stateful: the next call starts with the states of this one.

    False for a file that is no Keras model; who loads it will say so.
    """
    return any(node.get("stateful") is True for node in _nodes(_config(path)))


@cache
def input_names(path: Path) -> tuple[str, ...]:
    """The names of the model's inputs in their order; none for a model of another form."""
    config = _config(path)
    settings = config.get("config") if isinstance(config, dict) else None
    layers = settings.get("input_layers") if isinstance(settings, dict) else None
    if isinstance(layers, dict):  # inputs by name
        layers = list(layers.values())
    if not isinstance(layers, list) or not layers:
        return ()
    entries = layers if isinstance(layers[0], list) else [layers]
    return tuple(str(entry[0]) for entry in entries if isinstance(entry, list) and entry)


@cache
def has_recurrent_layer(path: Path) -> bool:
    """Whether a layer or cell of the model is recurrent, one of the user's own by its name. False
    for a file that is no Keras archive.
    """
    names = {str(node.get("class_name", "")) for node in _nodes(_config(path))}
    return any(name in RECURRENT or name.endswith(("Cell", "RNN", "LSTM2D")) for name in names)


@cache
def layer_kinds(path: Path) -> frozenset[str]:
    """What the model is made of: each layer and cell in it by its class, its functions and what
    else makes another computation of it. Empty for a file that is no Keras model.
    """
    return frozenset(
        " ".join([str(kind), *(f"{name}={settings.get(name)}" for name in KINDS)])
        for node in _nodes(_config(path))
        # every layer says whether it is trainable; initialisers and the like do not
        if isinstance(settings := node.get("config"), dict)
        and "trainable" in settings
        and (kind := node.get("class_name", "")) not in IDLE
    )


def _config(path: Path) -> Any:
    """None for a file that holds no Keras model."""
    try:
        return identify(path).config
    except ModelFileError:
        return None


def _nodes(node: Any) -> Iterator[dict[str, Any]]:
    """Every table of a configuration."""
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            yield from _nodes(item)
