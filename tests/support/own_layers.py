"""Layers and cells as users write them: what a conversion meets that Keras does not define."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

PACKAGE = "tests"
register = keras.saving.register_keras_serializable(PACKAGE)


@register
class TableLookup(keras.layers.Layer):  # type: ignore[misc]
    """An embedding by hand: rows of a table by `tf.gather`."""

    def __init__(self, rows: int, width: int, **options: Any) -> None:
        super().__init__(**options)
        self.rows, self.width = rows, width

    def build(self, _: Any) -> None:
        self.table = self.add_weight(shape=(self.rows, self.width), name="table")

    def call(self, x: Any) -> Any:
        return tf.gather(self.table, tf.cast(x, tf.int32))

    def compute_output_shape(self, shape: Any) -> Any:
        return (*shape, self.width)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rows": self.rows, "width": self.width}


@register
class Recall(keras.layers.Layer):  # type: ignore[misc]
    """A block with recurrent layers of its own, and a layer for every step."""

    def __init__(self, units: int, *, both: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.units, self.both = units, both
        inner = keras.layers.LSTM(units, return_sequences=True)
        self.inner = keras.layers.Bidirectional(inner, merge_mode="sum") if both else inner
        self.norm = keras.layers.LayerNormalization()
        self.every = keras.layers.TimeDistributed(keras.layers.Dense(units))
        self.supports_masking = True

    def build(self, shape: Any) -> None:
        self.inner.build(shape)
        for layer in (self.norm, self.every):
            layer.build((*shape[:-1], self.units))

    def call(self, x: Any) -> Any:
        return self.every(self.norm(self.inner(x)))

    def compute_output_shape(self, shape: Any) -> Any:
        return (*shape[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units, "both": self.both}


@register
class Skip(keras.layers.Layer):  # type: ignore[misc]
    """Reads what is no padding: a mask and a recurrent layer of its own."""

    def __init__(self, units: int, value: float, **options: Any) -> None:
        super().__init__(**options)
        self.units, self.value = units, value
        self.mask = keras.layers.Masking(value)
        self.memory = keras.layers.GRU(units)

    def build(self, shape: Any) -> None:
        self.memory.build(shape)

    def call(self, x: Any) -> Any:
        return self.memory(self.mask(x))

    def compute_output_shape(self, shape: Any) -> Any:
        return (shape[0], self.units)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units, "value": self.value}


@register
class Positions(keras.layers.Layer):  # type: ignore[misc]
    """Token and position embedding in one layer, as in every tutorial of a transformer."""

    def __init__(self, rows: int, width: int, **options: Any) -> None:
        super().__init__(**options)
        self.rows, self.width = rows, width
        self.tokens = keras.layers.Embedding(rows, width)
        self.places = keras.layers.Embedding(64, width)

    def build(self, shape: Any) -> None:
        self.tokens.build(shape)
        self.places.build(shape[-1:])

    def call(self, x: Any) -> Any:
        return self.tokens(x) + self.places(keras.ops.arange(0, x.shape[-1], 1))

    def compute_output_shape(self, shape: Any) -> Any:
        return (*shape, self.width)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rows": self.rows, "width": self.width}


@register
class WarmCell(keras.layers.SimpleRNNCell):  # type: ignore[misc]
    """Begins at 0.5 and not at 0."""

    def get_initial_state(self, batch_size: int | None = None) -> list[Any]:
        return [0.5 * keras.ops.ones((batch_size, self.state_size))]


@register
class Attend(keras.layers.Layer):  # type: ignore[misc]
    """Additive attention over the steps of a sequence."""

    def build(self, shape: Any) -> None:
        self.query = self.add_weight(shape=(int(shape[-1]), 1), name="query")

    def call(self, x: Any) -> Any:
        scores = keras.ops.matmul(keras.ops.tanh(x), self.query)
        return keras.ops.sum(x * keras.ops.softmax(scores, axis=1), axis=1)

    def compute_output_shape(self, shape: Any) -> Any:
        return (shape[0], shape[-1])


@register
class Mixed(keras.Model):  # type: ignore[misc]
    """A subclassed model: its layers are called by its own code."""

    def __init__(self, units: int = 4, **options: Any) -> None:
        super().__init__(**options)
        self.units = units
        self.memory = keras.layers.GRU(units, return_sequences=True)
        self.head = keras.layers.Dense(units)

    def build(self, shape: Any) -> None:
        self.memory.build(shape)
        self.head.build((*shape[:-1], self.units))

    def call(self, x: Any) -> Any:
        return self.head(self.memory(x))

    def compute_output_shape(self, shape: Any) -> Any:
        return (*shape[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}
