"""Recurrent networks with a mistake built in, written without the package's own equations.

A second, plain implementation: one sequence after the other, Keras' packed weights, and a switch
for every mistake at the place where firmware or converter would make it. What it returns is
rounded to the grid of an 8 bit output, as a board's would be.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
LSB = 1 / 256


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


@dataclass
class Plain:
    """A network in Keras' arrays, and its mistakes: all neutral unless a test plants one."""

    kind: str
    kernel: Array
    recurrent: Array
    bias: Array
    dense: Array
    dense_bias: Array
    reset_after: bool = True
    per_step: bool = False
    # mistakes
    gate: Callable[[Array], Array] = sigmoid
    phi: Callable[[Array], Array] = np.tanh
    keep_state: bool = False
    wipe_every: int = 0
    between: Callable[[list[Array]], list[Array]] = field(default=lambda s: s)
    overlap: bool = False
    later_bias: float = 1.0
    clip: float = np.inf
    read_output: Callable[[Array], Array] = field(default=lambda h: h)
    columns: tuple[int, ...] | None = None  # order of the gates' blocks

    def run(
        self,
        inputs: NDArray[Any],
        *,
        initial: list[Array] | None = None,
        lengths: list[int] | None = None,
    ) -> Array:
        """Outputs of all sequences, on the grid of `LSB`."""
        units = len(self.recurrent)
        states = [np.zeros(units), np.zeros(units)]
        rows = []
        for number, sequence in enumerate(inputs):
            if number == 0 or not self.keep_state:
                states = [np.zeros(units), np.zeros(units)]
                if initial is not None:
                    states = [item[number].copy() for item in initial]
            outputs = []
            steps = len(sequence) if lengths is None else lengths[number]
            for t in range(steps):
                if t:
                    states = self.between(states)
                if self.wipe_every and t and t % self.wipe_every == 0:
                    states = [np.zeros(units), np.zeros(units)]
                if self.overlap:
                    states[0] = states[0].copy()
                    states[0][: len(sequence[t])] = sequence[t]
                states = self.step(sequence[t], states, t)
                seen = self.read_output(states[0])
                outputs.append(seen @ self.dense + self.dense_bias)
            rows.append(np.array(outputs) if self.per_step else outputs[-1])
        return on_grid(np.array(rows))

    def step(self, x: Array, states: list[Array], t: int) -> list[Array]:
        units = len(self.recurrent)
        bias = self.bias * (self.later_bias if t else 1.0)
        h = states[0]
        if self.kind == "simple_rnn":
            return [self.phi(x @ self.kernel + h @ self.recurrent + bias), states[-1]]
        count = 3 if self.kind == "gru" else 4
        order = self.columns or tuple(range(count))

        def blocks(packed: Array) -> list[Array]:
            return [packed[..., i * units : (i + 1) * units] for i in order]

        w, u = blocks(self.kernel), blocks(self.recurrent)
        if self.kind == "gru":
            b, ub = blocks(bias[0]), blocks(bias[1])
            z = self.gate(x @ w[0] + h @ u[0] + b[0] + ub[0])
            r = self.gate(x @ w[1] + h @ u[1] + b[1] + ub[1])
            if self.reset_after:
                g = self.phi(x @ w[2] + b[2] + r * (h @ u[2] + ub[2]))
            else:
                g = self.phi(x @ w[2] + b[2] + (r * h) @ u[2] + ub[2])
            return [z * h + (1 - z) * g, states[-1]]
        b = blocks(bias)
        i, f, g, o = (x @ w[k] + h @ u[k] + b[k] for k in range(4))
        c = np.clip(self.gate(f) * states[1] + self.gate(i) * self.phi(g), -self.clip, self.clip)
        return [self.gate(o) * self.phi(c), c]


def on_grid(values: Array) -> Array:
    """Rounded to a multiple of `LSB`."""
    rounded: Array = np.round(values / LSB) * LSB
    return rounded


def plain(
    kind: str, seed: int = 3, *, features: int = 4, units: int = 8, outputs: int = 3
) -> Plain:
    """A network with lively weights."""
    random = np.random.default_rng(seed)
    gates = {"simple_rnn": 1, "gru": 3, "lstm": 4}[kind]

    def draw(*shape: int, size: float) -> Array:
        return size * random.standard_normal(shape)

    bias_shape = (2, gates * units) if kind == "gru" else (gates * units,)
    return Plain(
        kind,
        draw(features, gates * units, size=0.8),
        draw(units, gates * units, size=0.5),
        draw(*bias_shape, size=0.5),
        draw(units, outputs, size=0.8),
        draw(outputs, size=0.2),
    )


def sequences(
    count: int = 24, steps: int = 12, features: int = 4, *, seed: int = 9, size: float = 1.0
) -> Array:
    """Inputs that are correlated in time and not centred, as signals are."""
    random = np.random.default_rng(seed)
    x = random.standard_normal((count, steps, features))
    for t in range(1, steps):
        x[:, t] = 0.5 * x[:, t - 1] + x[:, t]
    return size * (x + 0.3)
