"""A recurrent network and what it is fed, as one value that a "what if" can change.

`forward(case)` computes the outputs. Every suspect is a changed case: the network as it would
behave if that mistake had been made (`harness.diagnosis.suspects`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.references.cells import Array, Layer, States, run


@dataclass(frozen=True)
class Head:
    """A dense layer: `softmax`, or linear without it."""

    kernel: Array
    bias: Array
    softmax: bool = False

    def __call__(self, h: Array) -> Array:
        values: Array = h @ self.kernel + self.bias
        if self.softmax:
            values = np.exp(values - values.max(axis=-1, keepdims=True))
            values = values / values.sum(axis=-1, keepdims=True)
        return values


@dataclass(frozen=True)
class Decoder:
    """The second half of an encoder-decoder: starts with the encoder's state and with `seed`
    `[outputs]` as its first input, then takes what it put out."""

    layer: Layer
    seed: Array
    steps: int


def _same(array: Array) -> Array:
    return array


def _same_layer(_: int, layer: Layer) -> Layer:
    return layer


def _same_states(_: int, states: States) -> States:
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
class Case:
    """`inputs` `[N, T, features]` through `layer` and `head`.

    `initial` is the state before the first step (None: zero), `mask` `[N, T]` is false where a
    step is padding. With `per_step` every step has an output. `carry`: a sequence starts with the
    state that the one before left. `layer_at`, `state_at` and `features` change the layer, the
    state and what the head sees, and are neutral in a network that works.
    """

    layer: Layer
    inputs: NDArray[Any]
    head: Head | None = None
    per_step: bool = False
    backward: Backward | None = None
    decoder: Decoder | None = None
    initial: States | None = None
    mask: NDArray[np.bool_] | None = None
    carry: bool = False
    layer_at: Callable[[int, Layer], Layer] = field(default=_same_layer)
    state_at: Callable[[int, States], States] = field(default=_same_states)
    features: Callable[[Array], Array] = field(default=_same)

    @property
    def steps(self) -> int:
        """Of a sequence."""
        return int(self.inputs.shape[1])


def forward(case: Case) -> Array:
    """Outputs `[N, O]`, or `[N, T, O]` per step or from a decoder."""
    hidden, states = _run(case)
    if case.decoder is not None:
        return _decode(case, case.decoder, states)
    if case.backward is not None:
        other = _run_backward(case, case.backward)
        halves = (hidden, other) if case.backward.comes_second else (other, hidden)
        last = -1 if not case.backward.restores_order or not case.backward.reads_reversed else 0
        if not case.per_step:
            ends = [half[:, -1] if half is hidden else half[:, last] for half in halves]
            hidden = np.concatenate(ends, axis=-1)[:, None]
        else:
            hidden = np.concatenate(halves, axis=-1)
    seen = case.features(hidden)
    outputs = seen if case.head is None else case.head(seen)
    return outputs if case.per_step else outputs[:, -1]


def _run(case: Case) -> tuple[Array, States]:
    if not case.carry:
        return run(
            case.layer, case.inputs, initial=case.initial, mask=case.mask,
            layer_at=case.layer_at, state_at=case.state_at,
        )  # fmt: skip
    states = case.layer.zero_state(1)
    if case.initial is not None:
        states = tuple(item[:1] for item in case.initial)
    rows, ends = [], []
    for number in range(len(case.inputs)):
        here = slice(number, number + 1)
        hidden, states = run(
            case.layer, case.inputs[here], initial=states,
            mask=None if case.mask is None else case.mask[here],
            layer_at=case.layer_at, state_at=case.state_at,
        )  # fmt: skip
        rows.append(hidden)
        ends.append(states)
    joined = tuple(np.concatenate(items) for items in zip(*ends, strict=True))
    return np.concatenate(rows), joined


def _run_backward(case: Case, backward: Backward) -> Array:
    x = case.inputs[:, ::-1] if backward.reads_reversed else case.inputs
    mask = case.mask
    if mask is not None and backward.reads_reversed:
        mask = mask[:, ::-1]
    hidden, _ = run(backward.layer, x, mask=mask)
    return hidden[:, ::-1] if backward.reads_reversed and backward.restores_order else hidden


def _decode(case: Case, decoder: Decoder, states: States) -> Array:
    x = np.broadcast_to(decoder.seed, (len(case.inputs), len(decoder.seed)))
    outputs = []
    for _ in range(decoder.steps):
        hidden, states = run(decoder.layer, x[:, None], initial=states)
        x = hidden[:, -1] if case.head is None else case.head(hidden[:, -1])
        outputs.append(x)
    return np.stack(outputs, axis=1)
