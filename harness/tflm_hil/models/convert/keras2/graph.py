"""The graph of a Keras 2 model, called again in Keras 3."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tf_keras

from tflm_hil.models.convert.keras2.functions import TensorFlowCall, pure
from tflm_hil.models.convert.keras2.layers import IN_KERAS_3, layer_of
from tflm_hil.models.convert.keras2.weights import carry_over
from tflm_hil.models.convert.model_files import ModelFileError

RECURRENT = (tf_keras.layers.RNN, tf_keras.layers.Bidirectional)
CALLS = ("TFOpLambda", "SlicingOpLambda")


def rebuilt(old: Any) -> Any:
    """The Keras 3 model of a Sequential or functional Keras 2 model, weights included.

    Raises `ModelFileError` naming what has no counterpart.
    """
    if not getattr(old, "_is_graph_network", False):
        if isinstance(old, tf_keras.Sequential):
            raise ModelFileError(
                f"model {old.name} was saved without its input shape",
                "call it once on an input, or begin it with an Input, and save it again",
            )
        raise subclassed(type(old).__name__)
    rebuilding = _Rebuilding()
    chain = isinstance(old, tf_keras.Sequential)
    return rebuilding.chain(old) if chain else rebuilding.graph(old)


def subclassed(kind: str) -> ModelFileError:
    """The refusal of a model that is a class of its own."""
    return ModelFileError(
        f"the model was saved by Keras 2 and is a {kind}: code of its own, which is not in the"
        " file, connects its layers",
        "write the class for Keras 3 (keras.Model), load the weights, call it once, save it with"
        ' model.save("model.keras"), and name the file of the class with --custom FILE',
    )


class _Rebuilding:
    """One pass over a graph; a layer that is called twice is one layer."""

    def __init__(self) -> None:
        self._layers: dict[int, Any] = {}
        self._tensors: dict[int, Any] = {}

    def graph(self, old: Any) -> Any:
        for tensor in old.inputs:
            self._tensors[id(tensor)] = keras.Input(
                batch_shape=tuple(tensor.shape),
                dtype=tensor.dtype.name,
                name=_name(tensor._keras_history.layer.name),
            )
        for depth in sorted(old._nodes_by_depth, reverse=True):
            for node in old._nodes_by_depth[depth]:
                if not node.is_input:
                    self._call(node)
        inputs = [self._tensors[id(tensor)] for tensor in old.inputs]
        outputs = [self._tensors[id(tensor)] for tensor in old.outputs]
        ends = [items if len(items) > 1 else items[0] for items in (inputs, outputs)]
        model = keras.Model(*ends, name=_name(old.name))
        self._carry_over(old)
        return model

    def chain(self, old: Any) -> Any:
        tensor = old.inputs[0]
        name = _name(tensor._keras_history.layer.name)
        begin = keras.Input(batch_shape=tuple(tensor.shape), dtype=tensor.dtype.name, name=name)
        layers = [self._layer(layer) for layer in old.layers]
        model = keras.Sequential([begin, *layers], name=_name(old.name))
        self._carry_over(old)
        return model

    def _carry_over(self, old: Any) -> None:
        """The weights of all layers but those of nested models, which have theirs."""
        for layer in old.layers:
            new = self._layers.get(id(layer))
            if new is not None and not hasattr(layer, "_nodes_by_depth"):
                carry_over(layer, new)

    def _call(self, node: Any) -> None:
        layer = node.layer
        args, kwargs = node.call_args, node.call_kwargs
        if type(layer).__name__ in CALLS:
            results = self._call_function(layer, args, kwargs)
        else:
            new = self._layer(layer)
            arguments = self._values(list(args))
            options = {
                key: self._values(value)
                for key, value in kwargs.items()
                if key not in ("training", "mask", "constants") and value is not None
            }
            if isinstance(layer, RECURRENT) and isinstance(arguments[0], list):
                # a state that starts the layer is one of its inputs in Keras 2
                arguments[0], *states = arguments[0]
                options["initial_state"] = states if len(states) > 1 else states[0]
            if hasattr(layer, "_nodes_by_depth"):
                arguments[0] = tf.nest.flatten(arguments[0])
                arguments[0] = arguments[0] if len(layer.inputs) > 1 else arguments[0][0]
            results = new(*arguments, **options)
        for before, after in zip(
            tf.nest.flatten(node.outputs), tf.nest.flatten(results), strict=True
        ):
            self._tensors[id(before)] = after

    def _layer(self, old: Any) -> Any:
        if id(old) not in self._layers:
            nested = hasattr(old, "_nodes_by_depth") or isinstance(old, tf_keras.Model)
            self._layers[id(old)] = rebuilt(old) if nested else layer_of(old, rebuilt)
        return self._layers[id(old)]

    def _values(self, value: Any) -> Any:
        """Arguments with Keras 3 tensors in place of those of Keras 2."""
        if isinstance(value, list | tuple):
            return [self._values(item) for item in value]
        if isinstance(value, dict):
            return {key: self._values(item) for key, item in value.items()}
        return self._tensors.get(id(value), value)

    def _call_function(self, layer: Any, args: Any, kwargs: Any) -> Any:
        symbol = getattr(layer, "symbol", None)
        if type(layer).__name__ == "SlicingOpLambda":
            symbol = symbol or "__operators__.getitem"
        if not symbol or not pure(symbol):
            raise ModelFileError(
                f"layer {layer.name} calls tf.{symbol}, which is not carried over to Keras 3",
                IN_KERAS_3,
            )
        tensors: list[Any] = []
        described = [_described(item, tensors) for item in (list(args), dict(kwargs))]
        call = TensorFlowCall(symbol, *described, name=_name(layer.name, len(self._tensors)))
        return call([self._tensors[id(tensor)] for tensor in tensors])


def _described(value: Any, tensors: list[Any]) -> Any:
    """An argument as JSON values; what is a tensor of the graph goes to `tensors`."""
    if hasattr(value, "_keras_history"):
        tensors.append(value)
        return {"tensor": len(tensors) - 1}
    if isinstance(value, slice):
        parts = (value.start, value.stop, value.step)
        return {"slice": [_described(item, tensors) for item in parts]}
    if value is Ellipsis:
        return {"ellipsis": True}
    if isinstance(value, tf.DType):
        return {"dtype": value.name}
    if isinstance(value, tf.Tensor | np.ndarray):
        array = np.asarray(value)
        return {"array": array.tolist(), "of": array.dtype.name}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, tuple):
        return {"tuple": [_described(item, tensors) for item in value]}
    if isinstance(value, list):
        return [_described(item, tensors) for item in value]
    if isinstance(value, dict):
        if set(value) == {"start", "stop", "step"}:
            return {"slice": [_described(value[key], tensors) for key in ("start", "stop", "step")]}
        return {key: _described(item, tensors) for key, item in value.items()}
    return value


def _name(name: str, number: int | None = None) -> str:
    """A name that Keras 3 takes; a function of Keras 2 may be called by several nodes."""
    name = name.replace("/", "_")
    return name if number is None else f"{name}_{number}"
