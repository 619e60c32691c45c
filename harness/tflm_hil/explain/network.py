"""The parts of a recurrent network, computed by our own equations.

A network is a chain: recurrent layers, and functions between and behind them. A recurrent layer
carries what could be wrong with it: hooks that change it, its state or its output, neutral in a
network that works.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from tflm_hil.references.equations.cells import ACTIVATIONS, Activation, Array, Layer, States, run

Mask = NDArray[np.bool_]


def same(array: Array) -> Array:
    """Nothing changed."""
    return array


def same_layer(_: int, layer: Layer) -> Layer:
    """Nothing changed at any step."""
    return layer


def same_states(_: int, states: States) -> States:
    """Nothing changed at any step."""
    return states


@dataclass(frozen=True)
class Backward:
    """The backward half of a bidirectional layer, concatenated behind the forward one.

    The flags say how it is done, all true in Keras: it reads the sequence reversed, its outputs
    are put back in order, and it comes second.
    """

    layer: Layer
    reads_reversed: bool = True
    restores_order: bool = True
    comes_second: bool = True


@dataclass(frozen=True)
class Recurrent:
    """A recurrent layer: `[N, T, features]` → `[N, T, units]`, or without `sequences` the last.

    `initial` is the state of one sequence before its first step (each `[units]`, None: zero),
    `goes_backwards` as in Keras. `layer_at`, `state_at` and `output` change the layer, the state
    before a step and what the next part sees.
    """

    layer: Layer
    sequences: bool = False
    name: str = ""
    backward: Backward | None = None
    goes_backwards: bool = False
    initial: States | None = None
    layer_at: Callable[[int, Layer], Layer] = field(default=same_layer)
    state_at: Callable[[int, States], States] = field(default=same_states)
    output: Callable[[Array], Array] = field(default=same)

    def with_layer(self, change: Callable[[Layer], Layer]) -> Recurrent:
        """`change` made to the layer, in a bidirectional one to both halves."""
        backward = self.backward
        if backward is not None:
            backward = replace(backward, layer=change(backward.layer))
        return replace(self, layer=change(self.layer), backward=backward)

    def start(self, sequences: int) -> States:
        """The state before the first step of so many sequences."""
        if self.initial is None:
            return self.layer.zero_state(sequences)
        return tuple(np.tile(item, (sequences, 1)) for item in self.initial)

    def run(self, x: Array, mask: Mask | None, states: States) -> tuple[Array, States]:
        """Outputs and last states of `x` from `states`."""
        if self.goes_backwards:
            x, mask = x[:, ::-1], None if mask is None else mask[:, ::-1]
        hidden, states = run(
            self.layer, x, initial=states, mask=mask, layer_at=self.layer_at, state_at=self.state_at
        )
        if self.backward is not None:
            hidden = self._joined(hidden, x, mask, self.backward)
        elif not self.sequences:
            hidden = hidden[:, -1]
        return self.output(hidden), states

    def _joined(self, hidden: Array, x: Array, mask: Mask | None, backward: Backward) -> Array:
        """Forward and backward outputs side by side."""
        reads = backward.reads_reversed
        turned = mask[:, ::-1] if mask is not None and reads else mask
        other, _ = run(backward.layer, x[:, ::-1] if reads else x, mask=turned)
        if reads and backward.restores_order:
            other = other[:, ::-1]
        if not self.sequences:
            # the last that it computed; where it is, depends on the order it is in
            hidden, other = hidden[:, -1], other[:, 0 if reads and backward.restores_order else -1]
        halves = (hidden, other) if backward.comes_second else (other, hidden)
        return np.concatenate(halves, axis=-1)


@dataclass(frozen=True)
class Dense:
    """A dense layer on the last axis; `activation` is softmax or one of the cells' functions."""

    kernel: Array
    bias: Array
    activation: str = "linear"

    def __call__(self, h: Array) -> Array:
        return activated(h @ self.kernel + self.bias, self.activation)


@dataclass(frozen=True)
class Convolution:
    """A Conv1D over time: `kernel` `[width, features, filters]`; `padding` valid, same, causal."""

    kernel: Array
    bias: Array
    stride: int = 1
    padding: str = "valid"
    activation: str = "linear"

    def __call__(self, x: Array) -> Array:
        width, steps = self.kernel.shape[0], x.shape[1]
        if self.padding != "valid":
            count = -(-steps // self.stride)
            total = max((count - 1) * self.stride + width - steps, 0)
            front = width - 1 if self.padding == "causal" else total // 2
            x = np.pad(x, ((0, 0), (front, max(total - front, 0)), (0, 0)))
        windows = np.lib.stride_tricks.sliding_window_view(x, width, axis=1)[:, :: self.stride]
        # windows: [N, T', features, width]
        found = np.einsum("ntfw,wfo->nto", windows, self.kernel) + self.bias
        return activated(found, self.activation)


Function = Callable[[Array], Array]
Part = Recurrent | Function


@dataclass(frozen=True)
class Decoder:
    """The second half of an encoder-decoder: starts with the last recurrent layer's state and with
    `seed` `[outputs]` as its first input, then takes what it put out, `steps` times.

    Without `takes_state` it starts from zero, which no decoder should."""

    layer: Layer
    head: Function
    seed: Array
    steps: int
    takes_state: bool = True

    def run(self, states: States) -> Array:
        """Outputs `[N, steps, outputs]`."""
        if not self.takes_state:
            states = tuple(np.zeros_like(item) for item in states)
        x = np.broadcast_to(self.seed, (len(states[0]), len(self.seed)))
        outputs = []
        for _ in range(self.steps):
            hidden, states = run(self.layer, x[:, None], initial=states)
            x = self.head(hidden[:, -1])
            outputs.append(x)
        return np.stack(outputs, axis=1)


def function_of(activation: str | Activation) -> Activation:
    """An activation by name, or as it is."""
    return ACTIVATIONS[activation] if isinstance(activation, str) else activation


def activated(values: Array, activation: str) -> Array:
    """`values` through an activation by name."""
    if activation == "softmax":
        values = np.exp(values - values.max(axis=-1, keepdims=True))
        shares: Array = values / np.sum(values, axis=-1, keepdims=True)
        return shares
    return ACTIVATIONS[activation](values)
