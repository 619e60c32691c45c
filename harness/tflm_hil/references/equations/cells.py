"""Recurrent cells from their equations, in NumPy and double precision.

    SimpleRNN   h' = φ(W·x + U·h + b)
    GRU         z = S(Wz·x + Uz·h + bz)      r = S(Wr·x + Ur·h + br)
                g = φ(Wh·x + r∘(Uh·h + ub) + bh)       reset after the product (Keras' default)
                g = φ(Wh·x + Uh·(r∘h) + bh)            reset before it
                h' = z∘h + (1 - z)∘g
    LSTM        i, f, o = S(W·x + U·h + b) each    g = φ(Wc·x + Uc·h + bc)
                c' = f∘c + i∘g               h' = o∘φ(c')

S is the sigmoid (`recurrent_activation`), φ the `activation`. Gate names and their order in Keras'
kernels: h; z, r, h; i, f, c, o (Keras documentation of `SimpleRNNCell`, `GRUCell`, `LSTMCell`).
Written for reading and for asking "what if": every layer is a value that can be changed, and `run`
lets the caller change layer and state at every step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Kind = Literal["simple_rnn", "gru", "lstm"]
States = tuple[Array, ...]
"""`(h,)`, or `(h, c)` of an LSTM, each `[N, units]`."""

GATES: Mapping[Kind, tuple[str, ...]] = {
    "simple_rnn": ("h",),
    "gru": ("z", "r", "h"),
    "lstm": ("i", "f", "c", "o"),
}


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)), without overflow."""
    value: Array = 0.5 * (1.0 + np.tanh(0.5 * x))
    return value


Activation = Callable[[Array], Array]

ACTIVATIONS: Mapping[str, Activation] = {
    "linear": lambda x: x,
    "tanh": np.tanh,
    "sigmoid": sigmoid,
    "relu": lambda x: np.maximum(x, 0.0),
    # Keras 2 and Keras 3 call two different functions hard_sigmoid.
    "hard_sigmoid_keras2": lambda x: np.clip(0.2 * x + 0.5, 0.0, 1.0),
    "hard_sigmoid": lambda x: np.clip(x / 6.0 + 0.5, 0.0, 1.0),
    "hard_tanh": lambda x: np.clip(x, -1.0, 1.0),
    "softsign": lambda x: x / (1.0 + np.abs(x)),
    "hard_limit": lambda x: (x > 0.0).astype(np.float64),
}


@dataclass(frozen=True)
class Layer:
    """A recurrent layer; weights by gate: `kernel` `[features, units]`, `recurrent`
    `[units, units]`, `bias` `[units]`, and of a GRU with `reset_after` also `recurrent_bias`.

    `cell_clip` bounds an LSTM's |c|, `product_clip` what comes of the state and the recurrent
    weights, before it is added; None, as in Keras, does not. Activations are names of
    `ACTIVATIONS`, or functions of the user's own.
    """

    kind: Kind
    kernel: Mapping[str, Array]
    recurrent: Mapping[str, Array]
    bias: Mapping[str, Array]
    recurrent_bias: Mapping[str, Array]
    activation: str | Activation = "tanh"
    recurrent_activation: str | Activation = "sigmoid"
    reset_after: bool = False
    cell_clip: float | None = None
    product_clip: float | None = None

    @property
    def units(self) -> int:
        """Elements of the state."""
        return int(self.kernel[GATES[self.kind][0]].shape[1])

    def zero_state(self, sequences: int) -> States:
        """State before the first step."""
        count = 2 if self.kind == "lstm" else 1
        return tuple(np.zeros((sequences, self.units)) for _ in range(count))

    def with_gates(self, order: tuple[str, ...]) -> Layer:
        """The weights of gate `order[i]` where those of the i-th gate belong."""
        names = dict(zip(GATES[self.kind], order, strict=True))

        def exchanged(weights: Mapping[str, Array]) -> dict[str, Array]:
            return {name: weights[source] for name, source in names.items()}

        return replace(
            self,
            kernel=exchanged(self.kernel),
            recurrent=exchanged(self.recurrent),
            bias=exchanged(self.bias),
            recurrent_bias=exchanged(self.recurrent_bias),
        )


def from_keras(
    kind: Kind,
    kernel: NDArray[Any],
    recurrent: NDArray[Any],
    bias: NDArray[Any] | None,
    *,
    activation: str | Activation = "tanh",
    recurrent_activation: str | Activation = "sigmoid",
    reset_after: bool = True,
) -> Layer:
    """A layer from the arrays that Keras keeps: gates side by side along the last axis.

    `bias` is `[2, 3·units]` (input, recurrent) for a GRU with `reset_after`. Raises ValueError if
    the arrays do not fit.
    """
    gates = GATES[kind]
    units = recurrent.shape[0]
    if kernel.shape[1] != len(gates) * units or recurrent.shape[1] != len(gates) * units:
        raise ValueError(
            f"kernels of shape {kernel.shape} and {recurrent.shape} are no {kind} of {units} units"
        )
    double = kind == "gru" and reset_after
    biases = np.zeros((2, len(gates) * units))
    if bias is not None:
        if bias.ndim != (2 if double else 1):
            raise ValueError(f"a bias of shape {bias.shape} does not fit a {kind}")
        biases[: 2 if double else 1] = bias
    return Layer(
        kind,
        _by_gate(gates, kernel),
        _by_gate(gates, recurrent),
        _by_gate(gates, biases[0]),
        _by_gate(gates, biases[1]),
        activation,
        recurrent_activation,
        double,
    )


def _by_gate(gates: tuple[str, ...], array: NDArray[Any]) -> dict[str, Array]:
    parts = np.split(np.asarray(array, np.float64), len(gates), axis=-1)
    return dict(zip(gates, parts, strict=True))


def step(layer: Layer, x: Array, states: States) -> States:
    """The states after one step on `x` `[N, features]`; the first is the output."""
    phi, sigma = _function(layer.activation), _function(layer.recurrent_activation)
    h = states[0]

    def bounded(product: Array) -> Array:
        bound = layer.product_clip
        return product if bound is None else np.clip(product, -bound, bound)

    def gate(name: str, source: Array = h) -> Array:
        fed_back = bounded(source @ layer.recurrent[name] + layer.recurrent_bias[name])
        return x @ layer.kernel[name] + fed_back + layer.bias[name]

    if layer.kind == "simple_rnn":
        return (phi(gate("h")),)
    if layer.kind == "gru":
        z, r = sigma(gate("z")), sigma(gate("r"))
        if layer.reset_after:
            fed_back = bounded(h @ layer.recurrent["h"] + layer.recurrent_bias["h"])
            g = phi(x @ layer.kernel["h"] + layer.bias["h"] + r * fed_back)
        else:
            g = phi(gate("h", r * h))
        return (z * h + (1.0 - z) * g,)
    i, f, o = sigma(gate("i")), sigma(gate("f")), sigma(gate("o"))
    c = f * states[1] + i * phi(gate("c"))
    if layer.cell_clip is not None:
        c = np.clip(c, -layer.cell_clip, layer.cell_clip)
    return o * phi(c), c


def _function(activation: str | Activation) -> Activation:
    return ACTIVATIONS[activation] if isinstance(activation, str) else activation


def run(
    layer: Layer,
    inputs: NDArray[Any],
    *,
    initial: States | None = None,
    mask: NDArray[np.bool_] | None = None,
    layer_at: Callable[[int, Layer], Layer] = lambda _, layer: layer,
    state_at: Callable[[int, States], States] = lambda _, states: states,
) -> tuple[Array, States]:
    """Outputs `[N, T, units]` of `inputs` `[N, T, features]`, and the last states.

    Where `mask` `[N, T]` is false a step keeps the state, as Keras does. `layer_at(t, layer)` and
    `state_at(t, states)` may change what step t uses.
    """
    x = np.asarray(inputs, np.float64)
    states = layer.zero_state(len(x)) if initial is None else initial
    outputs = np.zeros((*x.shape[:2], layer.units))
    for t in range(x.shape[1]):
        states = state_at(t, states)
        new = step(layer_at(t, layer), x[:, t], states)
        if mask is not None:
            keep = ~mask[:, t, None]
            new = tuple(np.where(keep, old, item) for old, item in zip(states, new, strict=True))
        states = new
        outputs[:, t] = states[0]
    return outputs, states
