"""Layers without memory from their equations, in NumPy and double precision.

An activation is known by its Keras name; one of the user's own by the name of its function, as
`EQUATIONS` of the user's file has it. Formulas: Keras 3 documentation of the layers named.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from harness.references.cells import ACTIVATIONS, Activation, Array, sigmoid
from harness.references.described import Described, NotExpressible

Equations = Mapping[str, Any]
Plain = Callable[[Described, Array, Equations], Array]
"""The output of a layer for `x` `[N, ...]`."""


def softmax(x: Array) -> Array:
    """Along the last axis, without overflow."""
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    shares: Array = powers / powers.sum(axis=-1, keepdims=True)
    return shares


KNOWN: Mapping[str, Activation] = {
    "elu": lambda x: np.where(x > 0.0, x, np.expm1(np.minimum(x, 0.0))),
    "exponential": np.exp,
    "hard_sigmoid": ACTIVATIONS["hard_sigmoid"],
    "hard_tanh": ACTIVATIONS["hard_tanh"],
    "linear": ACTIVATIONS["linear"],
    "relu": ACTIVATIONS["relu"],
    "relu6": lambda x: np.clip(x, 0.0, 6.0),
    "sigmoid": sigmoid,
    "silu": lambda x: x * sigmoid(x),
    "softmax": softmax,
    "softplus": lambda x: np.logaddexp(x, 0.0),
    "softsign": ACTIVATIONS["softsign"],
    "tanh": np.tanh,
}


def activation_of(layer: Described, setting: str, own: Equations) -> Activation:
    """The function that a setting of a layer names; raises NotExpressible."""
    name: Any = layer.config[setting]
    if isinstance(name, dict):
        # a function of the user's own: "package>name"
        name = str(name.get("config")).rpartition(">")[2]
        found: Activation | None = own.get(name)
    else:
        found = KNOWN.get(str(name))
    if found is None:
        raise NotExpressible(
            f"layer {layer.name} has the activation {name}, of which there is no equation"
        )
    return found


def _dense(layer: Described, x: Array, own: Equations) -> Array:
    product = x @ layer.weights["kernel"] + layer.weights.get("bias", 0.0)
    return activation_of(layer, "activation", own)(product)


def _activation(layer: Described, x: Array, own: Equations) -> Array:
    return activation_of(layer, "activation", own)(x)


def _relu(layer: Described, x: Array, _: Equations) -> Array:
    """max(x, 0) with its options: a bound above, a threshold, a slope below it."""
    threshold, top = layer.config["threshold"], layer.config["max_value"]
    above = x if top is None else np.minimum(x, top)
    return np.where(x >= threshold, above, layer.config["negative_slope"] * (x - threshold))


def _leaky_relu(layer: Described, x: Array, _: Equations) -> Array:
    return np.where(x > 0.0, x, layer.config["negative_slope"] * x)


def _softmax(layer: Described, x: Array, _: Equations) -> Array:
    if layer.config["axis"] not in (-1, x.ndim - 1):
        raise NotExpressible(f"layer {layer.name} is a Softmax along axis {layer.config['axis']}")
    return softmax(x)


def _flatten(_: Described, x: Array, _own: Equations) -> Array:
    return x.reshape(len(x), -1)


def _reshape(layer: Described, x: Array, _: Equations) -> Array:
    return x.reshape(len(x), *layer.config["target_shape"])


def _repeat(layer: Described, x: Array, _: Equations) -> Array:
    return np.repeat(x[:, np.newaxis], layer.config["n"], axis=1)


PLAIN: Mapping[str, Plain] = {
    "Activation": _activation,
    "Dense": _dense,
    "Flatten": _flatten,
    "LeakyReLU": _leaky_relu,
    "ReLU": _relu,
    "RepeatVector": _repeat,
    "Reshape": _reshape,
    "Softmax": _softmax,
}
