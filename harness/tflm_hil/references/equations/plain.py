"""Layers without memory from their equations, in NumPy and double precision.

An activation is known by its Keras name; one of the user's own by the name of its function, as
`EQUATIONS` of the user's file has it. Formulas: Keras 3 documentation of the layers named.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tflm_hil.references.equations.cells import ACTIVATIONS, Activation, Array, sigmoid
from tflm_hil.references.equations.described import Described, NotExpressible

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


def _convolution(layer: Described, x: Array, own: Equations) -> Array:
    """One output a `strides` steps; `same` pads both ends, `causal` the front."""
    config, kernel = layer.config, layer.weights["kernel"]
    stride, apart, taps = config["strides"][0], config["dilation_rate"][0], len(kernel)
    if config["groups"] != 1 or config["data_format"] != "channels_last":
        raise NotExpressible(f"layer {layer.name} is a Conv1D in groups, or channels first")
    reach = (taps - 1) * apart
    if config["padding"] == "causal":
        x = np.pad(x, ((0, 0), (reach, 0), (0, 0)))
    elif config["padding"] == "same":
        missing = max((-(-x.shape[1] // stride) - 1) * stride + reach + 1 - x.shape[1], 0)
        x = np.pad(x, ((0, 0), (missing // 2, missing - missing // 2), (0, 0)))
    starts = np.arange(0, x.shape[1] - reach, stride)
    product = sum(x[:, starts + tap * apart] @ kernel[tap] for tap in range(taps))
    return activation_of(layer, "activation", own)(product + layer.weights.get("bias", 0.0))


def _mean(layer: Described, x: Array, _: Equations) -> Array:
    if layer.config["keepdims"] or layer.config["data_format"] != "channels_last":
        raise NotExpressible(f"layer {layer.name} keeps the axis of time, or has channels first")
    mean: Array = x.mean(axis=1)
    return mean


def _batch_normalization(layer: Described, x: Array, _: Equations) -> Array:
    """By the mean and variance of the training."""
    if layer.config["axis"] not in (-1, x.ndim - 1):
        raise NotExpressible(f"layer {layer.name} normalises along axis {layer.config['axis']}")
    weights = layer.weights
    deviation = np.sqrt(weights["moving_variance"] + layer.config["epsilon"])
    normal: Array = (x - weights["moving_mean"]) / deviation
    return normal * weights.get("gamma", 1.0) + weights.get("beta", 0.0)


def _flatten(_: Described, x: Array, _own: Equations) -> Array:
    return x.reshape(len(x), -1)


def _reshape(layer: Described, x: Array, _: Equations) -> Array:
    return x.reshape(len(x), *layer.config["target_shape"])


def _repeat(layer: Described, x: Array, _: Equations) -> Array:
    return np.repeat(x[:, np.newaxis], layer.config["n"], axis=1)


PLAIN: Mapping[str, Plain] = {
    "Activation": _activation,
    "BatchNormalization": _batch_normalization,
    "Conv1D": _convolution,
    "Dense": _dense,
    "Flatten": _flatten,
    "GlobalAveragePooling1D": _mean,
    "LeakyReLU": _leaky_relu,
    "ReLU": _relu,
    "RepeatVector": _repeat,
    "Reshape": _reshape,
    "Softmax": _softmax,
}
