"""Layers without memory from their equations, in NumPy and double precision: one table, `PLAIN`.

A kind has an equation, and says what becomes of a mask of steps behind it. Formulas: Keras 3
documentation of the layers named. An activation is known by its Keras name; one of the user's own
by the name of its function, as `EQUATIONS` of the user's file has it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np

from tflm_hil.models.layer_kinds import IDLE
from tflm_hil.references.equations.cells import (
    ACTIVATIONS,
    Activation,
    Array,
    function_of,
    softmax,
)
from tflm_hil.references.equations.description import Described
from tflm_hil.references.equations.obstacles import NotExpressible, Obstacle
from tflm_hil.references.equations.windows import (
    Function,
    convolution,
    cropping,
    needs,
    padding,
    pooling,
    up_sampling,
)

Equations = Mapping[str, Any]
"""What the user's file computes: cells by their class, activations by their function's name."""

Make = Callable[[Described, Equations], Function]
"""The function of a layer; raises NotExpressible."""


class MaskUse(Enum):
    """What a layer does with a mask of steps: it is true behind it as well; Keras drops it; or the
    layer computes something else because of it, of which there is no equation.
    """

    KEPT = "kept"
    DROPPED = "dropped"
    COUNTS = "counts"


@dataclass(frozen=True)
class Dense:
    """A dense layer on the last axis: φ(x·W + b)."""

    kernel: Array
    bias: Array
    activation: str | Activation = "linear"

    def __call__(self, x: Array) -> Array:
        """`[..., units]` of `[..., features]`."""
        return function_of(self.activation)(x @ self.kernel + self.bias)


def activation_of(layer: Described, setting: str, own: Equations) -> str | Activation:
    """What a setting of a layer names: a name of `ACTIVATIONS`, or a function of the user's own.

    Raises NotExpressible.
    """
    name: Any = layer.config[setting]
    if isinstance(name, dict):
        # a function of the user's own: "package>name"
        name = str(name.get("config")).rpartition(">")[2]
        function: Activation | None = own.get(name)
        if function is not None:
            return function
    elif name in ACTIVATIONS:
        return str(name)
    raise NotExpressible(Obstacle.NO_ACTIVATION, layer.name, str(name))


def _function(layer: Described, own: Equations) -> Activation:
    return function_of(activation_of(layer, "activation", own))


def dense(layer: Described, own: Equations) -> Dense:
    """A Dense layer by its equation; raises NotExpressible."""
    needs(layer, "quantization_config", None)
    kernel = layer.weights["kernel"]
    bias = layer.weights.get("bias", np.zeros(kernel.shape[-1]))
    return Dense(kernel, bias, activation_of(layer, "activation", own))


def _relu(layer: Described, _: Equations) -> Function:
    """max(x, 0) with its options: a bound above, a threshold, a slope below it."""
    threshold, top = layer.config["threshold"], layer.config["max_value"]
    slope = layer.config["negative_slope"]

    def function(x: Array) -> Array:
        above = x if top is None else np.minimum(x, top)
        return np.where(x >= threshold, above, slope * (x - threshold))

    return function


def _leaky_relu(layer: Described, _: Equations) -> Function:
    slope = layer.config["negative_slope"]
    return lambda x: np.where(x > 0.0, x, slope * x)


def _parametric_relu(layer: Described, _: Equations) -> Function:
    slope = layer.weights["alpha"]
    return lambda x: np.where(x > 0.0, x, slope * x)


def _elu(layer: Described, _: Equations) -> Function:
    scale = layer.config["alpha"]
    return lambda x: np.where(x > 0.0, x, scale * np.expm1(np.minimum(x, 0.0)))


def _softmax(layer: Described, _: Equations) -> Function:
    axis = layer.config["axis"]
    if not isinstance(axis, int):
        raise NotExpressible(Obstacle.SETTING, layer.name, f"axis={axis!r}")
    return lambda x: softmax(x, axis)


def _convolution(layer: Described, own: Equations) -> Function:
    product, function = convolution(layer), _function(layer, own)
    return lambda x: function(product(x))


def _mean(layer: Described, _: Equations) -> Function:
    needs(layer, "data_format", "channels_last")
    keep = bool(layer.config["keepdims"])
    return lambda x: x.mean(axis=1, keepdims=keep)


def _largest(layer: Described, _: Equations) -> Function:
    needs(layer, "data_format", "channels_last")
    keep = bool(layer.config["keepdims"])
    return lambda x: x.max(axis=1, keepdims=keep)


def _along(weights: Array, axes: tuple[int, ...], x: Array) -> Array:
    """Weights of some axes of x, so that they multiply x."""
    shape = [1] * x.ndim
    for axis in axes:
        shape[axis] = x.shape[axis]
    return np.reshape(weights, shape)


def _axes(layer: Described) -> tuple[int, ...]:
    axis = layer.config["axis"]
    return tuple(axis) if isinstance(axis, list | tuple) else (axis,)


def _batch_normalization(layer: Described, _: Equations) -> Function:
    """By the mean and variance of the training."""
    weights, axes = layer.weights, _axes(layer)
    deviation = np.sqrt(weights["moving_variance"] + layer.config["epsilon"])
    factor = weights.get("gamma", 1.0) / deviation
    offset = weights.get("beta", 0.0) - weights["moving_mean"] * factor
    return lambda x: x * _along(factor, axes, x) + _along(offset, axes, x)


def _layer_normalization(layer: Described, _: Equations) -> Function:
    """By the mean and variance of the elements themselves."""
    needs(layer, "rms_scaling", False)
    axes, epsilon = _axes(layer), layer.config["epsilon"]
    gamma, beta = (layer.weights.get(name) for name in ("gamma", "beta"))

    def function(x: Array) -> Array:
        mean, variance = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)
        normal: Array = (x - mean) / np.sqrt(variance + epsilon)
        if gamma is not None:
            normal = normal * _along(gamma, axes, x)
        return normal if beta is None else normal + _along(beta, axes, x)

    return function


def _normalization(layer: Described, _: Equations) -> Function:
    """By a mean and variance that were set or learnt; Keras bounds the deviation by 1e-7."""
    needs(layer, "invert", False)
    axes = _axes(layer) if layer.config["axis"] is not None else ()
    given = layer.config["mean"] is not None
    source: Mapping[str, Any] = layer.config if given else layer.weights
    mean, variance = (np.asarray(source[name], np.float64) for name in ("mean", "variance"))
    deviation = np.maximum(np.sqrt(variance), 1e-7)

    def function(x: Array) -> Array:
        def fit(values: Array) -> Array:
            return _along(values, axes, x) if values.size > 1 else values.reshape(())

        return (x - fit(mean)) / fit(deviation)

    return function


def _rescaling(layer: Described, _: Equations) -> Function:
    scale, offset = (np.asarray(layer.config[name], np.float64) for name in ("scale", "offset"))
    return lambda x: scale * x + offset


def _flatten(layer: Described, _: Equations) -> Function:
    needs(layer, "data_format", "channels_last", None)
    return lambda x: x.reshape(len(x), -1)


def _reshape(layer: Described, _: Equations) -> Function:
    shape = tuple(layer.config["target_shape"])
    return lambda x: x.reshape(len(x), *shape)


def _permute(layer: Described, _: Equations) -> Function:
    order = (0, *layer.config["dims"])
    return lambda x: x.transpose(order)


def _repeat(layer: Described, _: Equations) -> Function:
    times = layer.config["n"]
    return lambda x: np.repeat(x[:, np.newaxis], times, axis=1)


def _embedding(layer: Described, _: Equations) -> Function:
    """The row of every number."""
    rows = layer.weights["embeddings"]
    return lambda x: rows[x.astype(np.int64)]


@dataclass(frozen=True)
class PlainKind:
    """How the function of a layer of some class is made, and what the layer does with a mask."""

    make: Make
    mask: MaskUse = MaskUse.DROPPED


def _pointwise(make: Make) -> PlainKind:
    return PlainKind(make, MaskUse.KEPT)


PLAIN: Mapping[str, PlainKind] = {
    **{kind: _pointwise(lambda *_: lambda x: x) for kind in IDLE},
    "Activation": _pointwise(_function),
    "AveragePooling1D": PlainKind(lambda layer, _: pooling(layer)),
    "BatchNormalization": _pointwise(_batch_normalization),
    "Conv1D": PlainKind(_convolution),
    "Cropping1D": PlainKind(lambda layer, _: cropping(layer)),
    "Dense": _pointwise(dense),
    "ELU": _pointwise(_elu),
    "Embedding": PlainKind(_embedding),
    "Flatten": PlainKind(_flatten),
    "GlobalAveragePooling1D": PlainKind(_mean, MaskUse.COUNTS),
    "GlobalMaxPooling1D": PlainKind(_largest),
    "LayerNormalization": _pointwise(_layer_normalization),
    "LeakyReLU": _pointwise(_leaky_relu),
    "MaxPooling1D": PlainKind(lambda layer, _: pooling(layer)),
    "Normalization": _pointwise(_normalization),
    "PReLU": _pointwise(_parametric_relu),
    "Permute": PlainKind(_permute),
    "ReLU": _pointwise(_relu),
    "RepeatVector": PlainKind(_repeat),
    "Rescaling": _pointwise(_rescaling),
    "Reshape": PlainKind(_reshape),
    # Keras adds the mask of steps to what Softmax takes
    "Softmax": PlainKind(_softmax, MaskUse.COUNTS),
    "UpSampling1D": PlainKind(lambda layer, _: up_sampling(layer)),
    "ZeroPadding1D": PlainKind(lambda layer, _: padding(layer)),
}
"""Every kind of layer without memory that there is an equation of."""
