"""What Keras 2 has and Keras 3 has not, as Keras 3 functions and layers."""

from __future__ import annotations

from functools import reduce
from typing import Any

import keras
import tensorflow as tf

PACKAGE = "tflm_hil"

# Modules of TensorFlow whose functions compute and do nothing else, and such functions outside.
PURE_MODULES = ("math", "nn", "linalg", "__operators__", "signal")
PURE = frozenset(
    {
        "abs", "add", "argmax", "argmin", "broadcast_to", "cast", "clip_by_value", "concat",
        "cos", "divide", "equal", "exp", "expand_dims", "eye", "fill", "gather", "greater",
        "greater_equal", "identity", "less", "less_equal", "logical_and", "logical_not",
        "logical_or", "matmul", "maximum", "minimum", "multiply", "negative", "norm",
        "not_equal", "one_hot", "ones_like", "pad", "pow", "realdiv", "repeat", "reshape",
        "reverse", "round", "shape", "sigmoid", "sign", "sin", "slice", "split", "sqrt", "square",
        "squeeze", "stack", "subtract", "tanh", "tensordot", "tile", "transpose", "truediv",
        "unstack", "where", "zeros_like",
    }
)  # fmt: skip
COMPATIBLE = ("compat.v1.", "compat.v2.")


@keras.saving.register_keras_serializable(package=PACKAGE)
def hard_sigmoid_keras2(x: Any) -> Any:
    """0.2·x + 0.5, cut to 0 … 1: the `hard_sigmoid` of Keras 2; that of Keras 3 has a sixth."""
    return keras.ops.clip(0.2 * x + 0.5, 0.0, 1.0)


@keras.saving.register_keras_serializable(package=PACKAGE)
class ThresholdedReLU(keras.layers.Layer):
    """x where it is greater than `theta`, else 0."""

    def __init__(self, theta: float = 1.0, **settings: Any) -> None:
        super().__init__(**settings)
        self.theta = float(theta)

    def call(self, inputs: Any) -> Any:
        """Each element by itself."""
        return inputs * keras.ops.cast(inputs > self.theta, inputs.dtype)

    def get_config(self) -> dict[str, Any]:
        """With the threshold."""
        return {**super().get_config(), "theta": self.theta}


def pure(symbol: str) -> bool:
    """Whether `tf.<symbol>` computes something of its arguments and does nothing else."""
    for prefix in COMPATIBLE:
        symbol = symbol.removeprefix(prefix)
    module, *names = symbol.split(".")
    # what begins with an underscore is not TensorFlow's, but Python's: modules, globals, classes
    public = not any(name.startswith("_") for name in names)
    return symbol in PURE or (module in PURE_MODULES and len(names) > 0 and public)


@keras.saving.register_keras_serializable(package=PACKAGE)
class TensorFlowCall(keras.layers.Layer):
    """A function of TensorFlow in a graph, as Keras 2 let people write it (`x * 2`,
    `tf.reduce_mean(x, 1)`).

    `symbol` is its name under `tf`; `args` and `kwargs` are its arguments as JSON values, the n-th
    tensor of the layer's inputs as `{"tensor": n}`, a slice as `{"slice": [start, stop, step]}`.
    """

    def __init__(
        self, symbol: str, args: list[Any], kwargs: dict[str, Any], **settings: Any
    ) -> None:
        super().__init__(**settings)
        if not pure(symbol):
            raise ValueError(f"tf.{symbol} is not a function that only computes")
        self.symbol = symbol
        self.arguments = (args, kwargs)
        self._function = reduce(getattr, symbol.split("."), tf)

    def call(self, inputs: Any) -> Any:
        """The function of the tensors in the list `inputs`."""
        tensors = inputs if isinstance(inputs, list | tuple) else [inputs]
        args, kwargs = (_restored(item, tensors) for item in self.arguments)
        return self._function(*args, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """With function and arguments."""
        args, kwargs = self.arguments
        return {**super().get_config(), "symbol": self.symbol, "args": args, "kwargs": kwargs}


def _restored(value: Any, tensors: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {"tensor"}:
            return tensors[value["tensor"]]
        if set(value) == {"slice"}:
            return slice(*(_restored(item, tensors) for item in value["slice"]))
        if set(value) == {"dtype"}:
            return tf.as_dtype(value["dtype"])
        if set(value) == {"array", "of"}:
            return tf.constant(value["array"], value["of"])
        if set(value) == {"ellipsis"}:
            return Ellipsis
        if set(value) == {"tuple"}:
            return tuple(_restored(item, tensors) for item in value["tuple"])
        return {key: _restored(item, tensors) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_restored(item, tensors) for item in value]
    return value
