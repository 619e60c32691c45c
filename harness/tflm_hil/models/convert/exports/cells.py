"""Recurrent cells as TensorFlow equations with constant weights, one matrix product a gate.

A Keras layer computes all gates in one product and splits it. Written gate by gate there is no
SPLIT (whose inputs the converter likes to leave in float), and every gate gets a scale of its own
when quantised: on the digits LSTM in int8 the hidden state is a quarter closer to Keras in the
mean, for about 30 % more bytes. Weights are constants, because variables of a Keras layer that is
saved inside a `tf.Module` come out of the converter uninitialised.

Equations: Keras 3 documentation of `SimpleRNNCell`, `GRUCell`, `LSTMCell`; gate order in the
kernels is z, r, h (GRU) and i, f, c, o (LSTM).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import keras
import numpy as np
import tensorflow as tf

Activation = Callable[[Any], Any]


class Cell(Protocol):
    """One step of a recurrent layer, on batch 1.

    `state_names` and `state_sizes` belong together; every state is `[1, size]`.
    `output_is_state`: the output and the first state are the same tensor.
    """

    state_names: tuple[str, ...]
    state_sizes: tuple[int, ...]
    output_size: int
    output_is_state: bool

    def step(self, x: Any, states: Sequence[Any]) -> tuple[Any, list[Any]]:
        """`x` is `[1, features]`; returns the output `[1, output_size]` and the next states."""


def cell_of(layer: Any) -> Cell:
    """The cell of a Keras layer: SimpleRNN, GRU, LSTM, or RNN around any cell or stack of them."""
    kinds: dict[type[Any], type[Any]] = {
        keras.layers.SimpleRNN: SimpleRnnCell,
        keras.layers.GRU: GruCell,
        keras.layers.LSTM: LstmCell,
    }
    if type(layer) in kinds:
        cell: Cell = kinds[type(layer)](layer.cell)
        return cell
    return _inner(layer.cell)


def _inner(cell: Any) -> Cell:
    """The cell of an RNN layer, or one of a stack."""
    if isinstance(cell, keras.layers.StackedRNNCells):
        return StackedCells(cell)
    return KerasCell(cell)


class _Gate:
    """x·W + (h·U + b), the products kept apart so that each is one FULLY_CONNECTED."""

    def __init__(self, kernel: Any, recurrent: Any, bias: Any) -> None:
        self._kernel = tf.constant(kernel)
        self._recurrent = tf.constant(recurrent)
        self._bias = None if bias is None else tf.constant(bias)

    def __call__(self, x: Any, h: Any) -> Any:
        fed_back = tf.matmul(h, self._recurrent)
        if self._bias is not None:
            fed_back = fed_back + self._bias
        return tf.matmul(x, self._kernel) + fed_back


def _split(array: Any, gates: int) -> list[Any]:
    """The part of each gate along the last axis; None stays None."""
    if array is None:
        return [None] * gates
    parts: list[Any] = np.split(np.asarray(array), gates, axis=-1)
    return parts


class SimpleRnnCell:
    """h' = φ(x·W + h·U + b)."""

    state_names: tuple[str, ...] = ("h",)
    output_is_state = True

    def __init__(self, cell: Any) -> None:
        self.output_size = int(cell.units)
        self.state_sizes = (self.output_size,)
        self._activation: Activation = cell.activation
        self._gate = _Gate(np.asarray(cell.kernel), np.asarray(cell.recurrent_kernel), cell.bias)

    def step(self, x: Any, states: Sequence[Any]) -> tuple[Any, list[Any]]:
        """One step."""
        h = self._activation(self._gate(x, states[0]))
        return h, [h]


class GruCell:
    """h' = z·h + (1 - z)·g; the reset gate acts before or after the recurrent product."""

    state_names: tuple[str, ...] = ("h",)
    output_is_state = True

    def __init__(self, cell: Any) -> None:
        self.output_size = int(cell.units)
        self.state_sizes = (self.output_size,)
        self._activation: Activation = cell.activation
        self._recurrent_activation: Activation = cell.recurrent_activation
        self._reset_after = bool(cell.reset_after)
        kernels = _split(cell.kernel, 3)
        recurrents = _split(cell.recurrent_kernel, 3)
        bias = None if cell.bias is None else np.asarray(cell.bias)
        if bias is not None and self._reset_after:
            # input and recurrent bias; only for the candidate does it matter which is which
            biases, recurrent_biases = _split(bias[0] + bias[1], 3), _split(bias[1], 3)
            biases[2] = _split(bias[0], 3)[2]
        else:
            biases, recurrent_biases = _split(bias, 3), [None] * 3
        self._update, self._reset, self._candidate = (
            _Gate(*parts) for parts in zip(kernels, recurrents, biases, strict=True)
        )
        self._kernel = tf.constant(kernels[2])
        self._recurrent = tf.constant(recurrents[2])
        self._bias = None if biases[2] is None else tf.constant(biases[2])
        self._recurrent_bias = (
            None if recurrent_biases[2] is None else tf.constant(recurrent_biases[2])
        )

    def step(self, x: Any, states: Sequence[Any]) -> tuple[Any, list[Any]]:
        """One step."""
        h = states[0]
        z = self._recurrent_activation(self._update(x, h))
        r = self._recurrent_activation(self._reset(x, h))
        if self._reset_after:
            from_x = tf.matmul(x, self._kernel)
            from_h = tf.matmul(h, self._recurrent)
            if self._bias is not None:
                from_x, from_h = from_x + self._bias, from_h + self._recurrent_bias
            g = self._activation(from_x + r * from_h)
        else:
            g = self._activation(self._candidate(x, r * h))
        new = z * h + (1.0 - z) * g
        return new, [new]


class LstmCell:
    """c' = f·c + i·g; h' = o·φ(c'). The cell state is not clipped."""

    state_names: tuple[str, ...] = ("h", "c")
    output_is_state = True

    def __init__(self, cell: Any) -> None:
        self.output_size = int(cell.units)
        self.state_sizes = (self.output_size, self.output_size)
        self._activation: Activation = cell.activation
        self._recurrent_activation: Activation = cell.recurrent_activation
        bias = _split(cell.bias, 4)
        parts = zip(_split(cell.kernel, 4), _split(cell.recurrent_kernel, 4), bias, strict=True)
        self._input, self._forget, self._candidate, self._output = (_Gate(*gate) for gate in parts)

    def step(self, x: Any, states: Sequence[Any]) -> tuple[Any, list[Any]]:
        """One step."""
        h, c = states
        i = self._recurrent_activation(self._input(x, h))
        f = self._recurrent_activation(self._forget(x, h))
        g = self._activation(self._candidate(x, h))
        o = self._recurrent_activation(self._output(x, h))
        c = f * c + i * g
        h = o * self._activation(c)
        return h, [h, c]


class KerasCell:
    """Any Keras cell through its own `call`: weights are constants, states are s0, s1 and so on."""

    output_is_state = False

    def __init__(self, cell: Any) -> None:
        sizes = cell.state_size if isinstance(cell.state_size, list | tuple) else [cell.state_size]
        if not all(isinstance(size, int) for size in sizes):
            raise ValueError(
                f"layer {cell.name} is a {type(cell).__name__} with states inside states;"
                " only StackedRNNCells of Keras itself are taken apart"
            )
        self.state_sizes = tuple(int(size) for size in sizes)
        self.state_names: tuple[str, ...] = tuple(f"s{index}" for index in range(len(sizes)))
        self.output_size = int(getattr(cell, "output_size", None) or self.state_sizes[0])
        self._cell = cell
        # a cell that does the same in training need not take the argument
        taken = inspect.signature(cell.call).parameters
        self._options = {"training": False} if "training" in taken else {}
        self._trainable = [tf.constant(np.asarray(item)) for item in cell.trainable_variables]
        self._others = [tf.constant(np.asarray(item)) for item in cell.non_trainable_variables]

    def step(self, x: Any, states: Sequence[Any]) -> tuple[Any, list[Any]]:
        """One step."""
        (output, new), _ = self._cell.stateless_call(
            self._trainable, self._others, x, list(states), **self._options
        )
        return output, list(new) if isinstance(new, list | tuple) else [new]


class StackedCells:
    """StackedRNNCells: each cell takes the output of the one below in the same step."""

    output_is_state = False

    def __init__(self, cell: Any) -> None:
        self._cells = [_inner(part) for part in cell.cells]
        self.output_size = self._cells[-1].output_size
        self.state_sizes = tuple(size for part in self._cells for size in part.state_sizes)
        self.state_names: tuple[str, ...] = tuple(
            f"cell{number}_{name}"
            for number, part in enumerate(self._cells)
            for name in part.state_names
        )

    def step(self, x: Any, states: Sequence[Any]) -> tuple[Any, list[Any]]:
        """One step of all cells."""
        left, new = list(states), []
        for part in self._cells:
            own, left = left[: len(part.state_sizes)], left[len(part.state_sizes) :]
            x, following = part.step(x, own)
            new += following
        return x, new
