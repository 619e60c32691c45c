"""A cell and an activation as a user would write them: the file that `custom` names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

ops = keras.ops


class DampedCell(keras.layers.Layer):
    """h' = d·h + tanh(x·W); the output is twice that. Not registered with Keras."""

    def __init__(self, units: int, damping: float, **options: Any) -> None:
        super().__init__(**options)
        self.units = self.state_size = self.output_size = units
        self.damping = damping

    def build(self, shape: tuple[int, ...]) -> None:
        self.kernel = self.add_weight(shape=(shape[-1], self.units), name="kernel")

    def call(self, inputs: Any, states: Sequence[Any]) -> tuple[Any, list[Any]]:
        h = self.damping * states[0] + ops.tanh(ops.matmul(inputs, self.kernel))
        return 2.0 * h, [h]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units, "damping": self.damping}


@keras.saving.register_keras_serializable("own")
def bent(x: Any) -> Any:
    """x below zero, half of x above."""
    return ops.minimum(x, 0.5 * x)


def damped(
    weights: Mapping[str, NDArray[np.float64]],
    config: Mapping[str, Any],
    x: NDArray[np.float64],
    states: tuple[NDArray[np.float64], ...],
) -> tuple[NDArray[np.float64], tuple[NDArray[np.float64], ...]]:
    """`DampedCell` in NumPy."""
    h = config["damping"] * states[0] + np.tanh(x @ weights["kernel"])
    return 2.0 * h, (h,)


EQUATIONS = {"DampedCell": damped, "bent": lambda x: np.minimum(x, 0.5 * x)}


@keras.saving.register_keras_serializable(package="own")
class Block(keras.layers.Layer):
    """Recurrent and other layers inside one, called by code of its own."""

    def __init__(self, units: int, **settings: Any) -> None:
        super().__init__(**settings)
        self.units = units
        self.recurrent = keras.layers.GRU(units, return_sequences=True)
        self.norm = keras.layers.LayerNormalization()

    def call(self, inputs: Any) -> Any:
        """The two, and what goes around them."""
        return self.norm(self.recurrent(inputs)) + inputs[:, :, : self.units]

    def get_config(self) -> dict[str, Any]:
        """With the size."""
        return {**super().get_config(), "units": self.units}


@keras.saving.register_keras_serializable(package="own")
class Whole(keras.Model):
    """A model whose graph is nowhere but in its code: two blocks and a head."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.lower, self.upper = Block(3), Block(2)
        self.head = keras.layers.Dense(2)

    def call(self, inputs: Any) -> Any:
        """One after the other; the last step alone."""
        return self.head(self.upper(self.lower(inputs))[:, -1])


@keras.saving.register_keras_serializable(package="own")
class WithTensorFlow(Whole):
    """The same with a function that takes no symbolic input."""

    def call(self, inputs: Any) -> Any:
        """The mean of the steps."""
        return self.head(tf.reduce_mean(self.lower(inputs), axis=1))
