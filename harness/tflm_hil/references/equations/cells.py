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
A cell of the user's own (`OwnCell`) brings its equation along. Written for reading and for asking
"what if": every layer is a value that can be changed, and `run` lets the caller change layer and
state at every step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Kind = Literal["simple_rnn", "gru", "lstm", "own"]
States = tuple[Array, ...]
"""`(h,)`, `(h, c)` of an LSTM, or the states of a cell of the user's own, each `[N, units]`."""

GATES: Mapping[Kind, tuple[str, ...]] = {
    "simple_rnn": ("h",),
    "gru": ("z", "r", "h"),
    "lstm": ("i", "f", "c", "o"),
    "own": (),
}


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)), without overflow."""
    value: Array = 0.5 * (1.0 + np.tanh(0.5 * x))
    return value


def softmax(x: Array, axis: int = -1) -> Array:
    """Shares along an axis, without overflow."""
    powers = np.exp(x - x.max(axis=axis, keepdims=True))
    shares: Array = powers / powers.sum(axis=axis, keepdims=True)
    return shares


Activation = Callable[[Array], Array]

# By Keras' names, and a few that only a mistake or a textbook uses.
ACTIVATIONS: Mapping[str, Activation] = {
    "elu": lambda x: np.where(x > 0.0, x, np.expm1(np.minimum(x, 0.0))),
    "exponential": np.exp,
    "hard_limit": lambda x: (x > 0.0).astype(np.float64),
    # Keras 2 and Keras 3 call two different functions hard_sigmoid.
    "hard_sigmoid": lambda x: np.clip(x / 6.0 + 0.5, 0.0, 1.0),
    "hard_sigmoid_keras2": lambda x: np.clip(0.2 * x + 0.5, 0.0, 1.0),
    "hard_tanh": lambda x: np.clip(x, -1.0, 1.0),
    "linear": lambda x: x,
    "relu": lambda x: np.maximum(x, 0.0),
    "relu6": lambda x: np.clip(x, 0.0, 6.0),
    "sigmoid": sigmoid,
    "silu": lambda x: x * sigmoid(x),
    "softmax": softmax,
    "softplus": lambda x: np.logaddexp(x, 0.0),
    "softsign": lambda x: x / (1.0 + np.abs(x)),
    "tanh": np.tanh,
}


def function_of(activation: str | Activation) -> Activation:
    """An activation by its name in `ACTIVATIONS`, or the function that it is."""
    return ACTIVATIONS[activation] if isinstance(activation, str) else activation


Equation = Callable[[Mapping[str, Array], Mapping[str, Any], Array, States], tuple[Array, States]]
"""`equation(weights, config, x, states)`: output and next states of one step on `x`
`[N, features]`; weights by their Keras name, `config` as the cell's `get_config()`."""


@dataclass(frozen=True)
class OwnCell:
    """A cell of the user's own: class, equation, and what the equation is given."""

    name: str
    equation: Equation
    weights: Mapping[str, Array]
    config: Mapping[str, Any]
    state_sizes: tuple[int, ...]

    def step(self, x: Array, states: States) -> tuple[Array, States]:
        """Output and next states."""
        output, new = self.equation(self.weights, self.config, x, states)
        return output, tuple(new)


@dataclass(frozen=True)
class Layer:
    """A recurrent layer; weights by gate: `kernel` `[features, units]`, `recurrent`
    `[units, units]`, `bias` `[units]`, and of a GRU with `reset_after` also `recurrent_bias`.

    `cell_clip` bounds an LSTM's |c|, `product_clip` what comes of the state and the recurrent
    weights, before it is added; None, as in Keras, does not. Activations are names of
    `ACTIVATIONS`, or functions of the user's own. A layer of the kind `own` has `cell` and none of
    these weights (see `own_layer`).
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
    cell: OwnCell | None = None

    @property
    def gates(self) -> tuple[str, ...]:
        """Names of the gates that have weights here; none of a cell of the user's own."""
        return GATES[self.kind]

    @property
    def state_sizes(self) -> tuple[int, ...]:
        """Elements of every state."""
        if self.cell is not None:
            return self.cell.state_sizes
        units = int(self.kernel[self.gates[0]].shape[1])
        return (units,) * (2 if self.kind == "lstm" else 1)

    @property
    def units(self) -> int:
        """Elements of the first state."""
        return self.state_sizes[0]

    def zero_state(self, sequences: int) -> States:
        """State before the first step."""
        return tuple(np.zeros((sequences, size)) for size in self.state_sizes)

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

    `kind` is one with gates.

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


def own_layer(cell: OwnCell) -> Layer:
    """A layer that runs a cell of the user's own."""
    return Layer("own", {}, {}, {}, {}, cell=cell)


def _by_gate(gates: tuple[str, ...], array: NDArray[Any]) -> dict[str, Array]:
    parts = np.split(np.asarray(array, np.float64), len(gates), axis=-1)
    return dict(zip(gates, parts, strict=True))


def step(layer: Layer, x: Array, states: States) -> States:
    """The states after one step on `x` `[N, features]` of a layer with gates; the first is the
    output.
    """
    phi, sigma = function_of(layer.activation), function_of(layer.recurrent_activation)
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

    Where `mask` `[N, T]` is false a step keeps the states, and its output is that of the step
    before, at the first step zero (as `keras.backend.rnn` does it). `layer_at(t, layer)` and
    `state_at(t, states)` may change what step t uses.
    """
    x = np.asarray(inputs, np.float64)
    states = layer.zero_state(len(x)) if initial is None else initial
    outputs: list[Array] = []
    for t in range(x.shape[1]):
        states = state_at(t, states)
        output, new = _advance(layer_at(t, layer), x[:, t], states)
        if mask is not None:
            leave = ~mask[:, t, None]
            new = tuple(np.where(leave, old, item) for old, item in zip(states, new, strict=True))
            output = np.where(leave, outputs[-1] if outputs else 0.0, output)
        states = new
        outputs.append(output)
    return np.stack(outputs, axis=1), states


def _advance(layer: Layer, x: Array, states: States) -> tuple[Array, States]:
    """Output and states after one step."""
    if layer.cell is not None:
        return layer.cell.step(x, states)
    new = step(layer, x, states)
    return new[0], new
